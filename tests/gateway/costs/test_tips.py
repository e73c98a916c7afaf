"""Tips from seeded calls: the right model by tests, by votes or to try; batches; shorter prompts. And on the demonstration."""

from datetime import timedelta

import pytest

from accounts.models import Application
from gateway.catalogue.models import CacheRule, Price
from gateway.jobs.models import Job
from governance.records.models import AuditRecord
from governance.usage.models import Tip
from governance.usage.services.tips import refresh_tips
from kernel.clock import utc_now
from kernel.ids import new_id
from prompts.evaluations.models import EvaluationResult
from prompts.evaluations.services.evaluations import start
from tests.gateway.catalogue.factories import make_deployment, make_model, make_price, make_route
from tests.governance.records.factories import make_call
from tests.governance.reviews.factories import make_feedback
from tests.prompts.evaluations.factories import make_set
from tests.prompts.registry.factories import make_prompt
from tests.queueing import queue_nothing
from tests.world import World

pytestmark = [pytest.mark.django_db]
RULE = "Answer in capitals, and never say what the company thinks of its competitors."


@pytest.fixture
def world(world: World) -> World:
    AuditRecord.objects.all().delete()
    return world


@pytest.fixture
def dear(world: World) -> Price:
    """A model at $3 and $15 a million, beside nova-lite at $0.06."""
    deployment = make_deployment(make_model("anthropic.claude-x", "Claude X"), input_rate=None)
    make_route("claude-x", deployment)
    return make_price(deployment, input_rate=3 * 10**9, output_rate=15 * 10**9)


def calls(world: World, number: int, **columns) -> list[AuditRecord]:
    usual = {"route": "claude-x", "api_key": world.mine.api_key}
    return [make_call(world.mine.team, world.mine.application, **(usual | columns)) for _ in range(number)]


def tips(world: World) -> dict[str, Tip]:
    refresh_tips(now=utc_now())
    return {tip.kind: tip for tip in Tip.objects.filter(team=world.mine.team)}


def test_a_model_with_which_the_test_set_passes(world, dear, monkeypatch):
    queue_nothing(monkeypatch)
    prompt = make_prompt(world.mine.team, "triage")
    calls(world, 20, prompt_id=prompt.pk, prompt_version=1, prompt_name="triage", input_tokens=1_000_000, output_tokens=0, cost_nanos=3 * 10**9)  # fmt: skip
    assert "right_model" not in tips(world)
    test_set = make_set(world.mine.team, prompt, pass_percent=60)
    run = start(
        test_set, candidates=[{"version": 1, "model": "nova-lite"}], budget_nanos=10**9, by=world.superuser
    )
    rows = list(run.results.order_by("id"))
    for row, verdict in zip(rows, ("passed", "failed", "failed"), strict=True):
        EvaluationResult.objects.filter(pk=row.pk).update(is_done=True, verdict=verdict)
    run.state = "finished"
    run.save()
    assert "right_model" not in tips(world)
    EvaluationResult.objects.filter(pk=rows[1].pk).update(verdict="passed")
    tip = tips(world)["right_model"]
    # Twenty million tokens at $3, or at $0.06.
    assert tip.saving_nanos == 60 * 10**9 - 1_200_000_000
    assert (tip.calls, tip.is_shown) == (20, True)
    assert f"/prompt/{prompt.pk}/" in tip.link
    assert "nova-lite" in tip.title


def test_a_model_that_people_find_as_helpful_and_one_that_nobody_judged(world, dear):
    costly = calls(world, 20, feature="chat", cost_nanos=10**9)
    cheap = calls(world, 20, feature="chat", route="nova-lite", cost_nanos=10**8)
    tip = tips(world)["cheaper_model"]
    assert (tip.is_shown, tip.saving_nanos) == (False, 18 * 10**9)
    assert "/testset/" in tip.link
    for record in (*costly[:10], *cheap[:10]):
        make_feedback(world.mine.team, record.pk, helpful=True)
    found = tips(world)
    assert found["right_model"].is_shown
    assert "100%" in found["right_model"].text
    for record in cheap[10:]:
        make_feedback(world.mine.team, record.pk, helpful=False)
    assert "right_model" not in tips(world)


def test_batches_of_what_nobody_waits_for(world, dear):
    made = calls(
        world,
        100,
        price_id=dear.pk,
        input_tokens=1000,
        output_tokens=100,
        cost_nanos=4_500_000,
        feature="night",
    )
    tip = tips(world)["batch"]
    assert (tip.saving_nanos, tip.is_shown) == (225_000_000, False)
    now = utc_now()
    for record in made[:60]:
        Job.objects.create(
            id=new_id(), team=world.mine.team, application=world.mine.application, api_key=world.mine.api_key, path="/v1/chat/completions",
            state="succeeded", digest=b"", generation=1, created_at=now, deadline_at=now, not_before=now, call_id=record.pk,
        )  # fmt: skip
    assert tips(world)["batch"].is_shown
    make_price(dear.deployment, tier="batch", input_rate=10**9, output_rate=5 * 10**9)
    assert tips(world)["batch"].saving_nanos == 300_000_000
    calls(world, 1, feature="night", is_stream=True)
    calls(world, 100, feature="chat", is_stream=True, cost_nanos=10**8)
    assert "chat" not in tips(world)["batch"].title


def test_answers_far_below_what_is_held(world, dear):
    calls(
        world,
        99,
        max_tokens=4000,
        output_tokens=50,
        cost_nanos=10**7,
        reserved_nanos=6 * 10**7,
        price_id=dear.pk,
    )
    calls(
        world,
        1,
        max_tokens=4000,
        output_tokens=4000,
        cost_nanos=6 * 10**7,
        reserved_nanos=6 * 10**7,
        price_id=dear.pk,
    )
    tip = tips(world)["head_room"]
    assert tip.saving_nanos == (4000 - 100) * 15 * 10**3
    assert (tip.calls, "100 would do" in tip.how) == (100, True)


def test_a_prompt_that_could_be_shorter_in_dollars(world, dear):
    document = {
        "model": "claude-x",
        "messages": [{"role": "system", "text": f"{RULE}\n\nBe brief.\n\n{RULE}"}, {"text": "Hi"}],
    }
    prompt = make_prompt(world.mine.team, "long", document=document, label="production")
    calls(
        world,
        10_00,
        prompt_id=prompt.pk,
        prompt_version=1,
        price_id=dear.pk,
        input_tokens=100,
        cost_nanos=10**6,
    )
    tip = tips(world)["shorter_prompt"]
    tokens = int(tip.text.split("about ")[1].split(" ")[0])
    assert tip.saving_nanos == tokens * 1000 * 3000
    assert tip.calls == 1000


def test_the_api_tells_what_shows_it_and_what_to_do(world, dear):
    calls(world, 20, feature="chat", cost_nanos=10**9)
    calls(world, 20, feature="chat", route="nova-lite", cost_nanos=10**8)
    refresh_tips(now=utc_now())
    (tip,) = world.client("viewer").get("/api/v1/usage/tips/").json()["tips"]
    assert (tip["calls"], tip["is_shown"], tip["saving_usd"]) == (20, False, "18")
    assert tip["how"]
    page = world.client("viewer").get("/admin/governance/usageday/").content.decode()
    assert "to try" in page
    assert tip["link"].replace("&", "&amp;") in page


def test_what_a_cache_would_save(world, dear):
    """Played against days: the dearest call of each asks the model. Only where no rule holds, and of no other team's."""
    CacheRule.objects.all().delete()
    prompt, now = make_prompt(world.mine.team, "triage"), utc_now()
    of_prompt = {"prompt_id": prompt.pk, "prompt_name": "triage", "cost_nanos": 10**9}
    for hours in (0, 1, 23, 30, 100):  # one alone, then two days with two each
        calls(world, 1, prompt_digest="same", started_at=now - timedelta(hours=hours), **of_prompt)
    calls(world, 1, prompt_digest="other", **of_prompt)
    calls(world, 2, prompt_digest="same", status="failed", **of_prompt)
    calls(world, 40, prompt_digest="plain", cost_nanos=10**7)
    calls(world, 40, prompt_digest="plain", route="cheap", cost_nanos=10**5)
    make_call(world.other.team, world.other.application, prompt_digest="same", cost_nanos=10**9)

    def found() -> dict[str, Tip]:
        refresh_tips(now=now)
        return {tip.title: tip for tip in Tip.objects.filter(team=world.mine.team, kind="repeated")}

    tips = found()
    assert set(tips) == {
        "The prompt triage on claude-x would save $2.00 a month with a cache",
        "claude-x would save $0.3900 a month with a cache",
    }
    tip = tips["The prompt triage on claude-x would save $2.00 a month with a cache"]
    assert (tip.calls, tip.saving_nanos) == (2, 2 * 10**9)
    assert f"prompt={prompt.pk}" in tip.link
    assert world.client("owner").get(tip.link).status_code == 200
    rule = CacheRule.objects.create(name="triage", team=world.mine.team, prompt=prompt)
    assert list(found()) == ["claude-x would save $0.3900 a month with a cache"]
    rule.is_enabled = False
    rule.save()
    assert len(found()) == 2
    CacheRule.objects.create(name="all")
    assert found() == {}


def test_names_of_any_length_and_script_lose_no_tips(world, dear):
    """A letter of another script is nine characters of an address; a cache tip's link has names of team and prompt."""
    world.mine.team.name = "チーム" * 30
    world.mine.team.save()
    make_route("道" * 200, make_deployment(make_model("vendor.long", "Long")))
    now = utc_now()
    calls(world, 20, route="道" * 200, prompt_digest="d", cost_nanos=10**9, started_at=now)
    calls(world, 100, route="r" * 200, feature="f" * 200, cost_nanos=10**8, api_key=None)
    Application.objects.update(name="a" * 100)
    found = tips(world)
    assert found["repeated"].link.endswith("/cacherule/add/")
    assert len(found["batch"].title) == 500
