"""Qualities measured, decisions by use case, dry runs and copies compared: in the API and on the page, of one's own teams only."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from gateway.catalogue.models import ModelQuality, Price, RoutingRule
from gateway.catalogue.routing_rules import SHIPPED, RuleEntry
from gateway.catalogue.selectors import rule_entries
from gateway.catalogue.services.routing_rules import add_rules, ship_rules
from gateway.decisions.qualities import measure_qualities
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.api_resources import API
from tests.gateway.catalogue.factories import make_deployment, make_model, make_price, make_route
from tests.governance.records.factories import make_call
from tests.governance.reviews.factories import make_feedback
from tests.prompts.evaluations.factories import make_evaluation, make_result, make_set
from tests.prompts.registry.factories import make_prompt, make_version

pytestmark = [pytest.mark.django_db]
PAGE = reverse("admin:gateway_routingdecision_changelist")
BIG, SMALL = "vendor.big-v1:0", "vendor.small-v1:0"


@pytest.fixture
def route() -> Any:
    big = make_deployment(make_model(BIG, "Big"), input_rate=None)
    make_price(big, input_rate=3_000_000_000, output_rate=15_000_000_000)
    small = make_deployment(make_model(SMALL, "Small"), input_rate=None)
    make_price(small, input_rate=100_000_000, output_rate=400_000_000)
    return make_route("choice", big, small, strategy="score")


def called(side: Any, route: Any, *, model: str = BIG, **fields: Any) -> Any:
    values = {
        "route": route.name,
        "model": model,
        "invoke_id": model,
        "input_tokens": 1000,
        "output_tokens": 500,
    }
    return make_call(side.team, side.application, **{**values, **fields})


def test_quality_is_measured_from_feedback_and_test_runs(world, route):
    for number in range(10):
        call = called(world.mine, route, feature="chat")
        make_feedback(world.mine.team, call.call_id, helpful=number < 8)
    prompt = make_prompt(world.mine.team, "judged")
    test_set = make_set(world.mine.team, prompt)
    evaluation = make_evaluation(test_set)
    for number in range(3):
        call = called(world.mine, route, model=SMALL, prompt_id=prompt.pk)
        outcomes = [{"kind": "judge", "verdict": "passed", "score": 0.25}] if number else []
        for repeat in range(3):
            make_result(
                evaluation, test_set.cases.all()[number], repeat=repeat, call_id=call.call_id, outcomes=outcomes,
                finished_at=utc_now(), candidate=0,
            )  # fmt: skip
    measure_qualities(now=utc_now())
    found = {
        (each.model.model_id, each.scope): (round(each.score, 3), each.answers)
        for each in ModelQuality.objects.filter(source="measured")
    }
    # Each begins with the worth of five answers in the middle.
    assert found == {
        (BIG, ""): (0.7, 10),
        (BIG, "feature:chat"): (0.7, 10),
        (SMALL, ""): (round((3 + 6 * 0.25 + 2.5) / 14, 3), 9),
        (SMALL, f"prompt:{prompt.pk}"): (round((3 + 6 * 0.25 + 2.5) / 14, 3), 9),
    }
    ModelQuality.objects.create(model=route.targets.first().deployment.model, score=0.2)
    measure_qualities(now=utc_now())
    assert ModelQuality.objects.filter(source="set").count() == 2
    assert ModelQuality.objects.count() == 6


def test_rules_ship_once_and_say_what_they_said():
    assert ship_rules() == len(SHIPPED)
    assert ship_rules() == 0
    shipped = rule_entries()
    assert [(each.name, each.asks, each.choose, each.confidence) for each in shipped] == [
        (each.name, each.asks, each.choose, each.confidence) for each in SHIPPED
    ]
    first = add_rules([RuleEntry(name="Mine", use_cases=frozenset({"mail"}))], first=True)
    assert RoutingRule.objects.values_list("name", flat=True)[0] == first[0].name == "Mine"


def test_a_rule_before_all_others_is_before_those_that_nobody_gave_a_place():
    RoutingRule.objects.create(name="Old", choose="score")
    assert RoutingRule.objects.get().position == 0
    first = add_rules([RuleEntry(name="A"), RuleEntry(name="B")], first=True)
    assert list(RoutingRule.objects.values_list("name", flat=True)) == ["A", "B", "Old"]
    assert [each.name for each in first] == ["A", "B"]


def test_a_dry_run_says_what_would_move_and_what_it_would_cost(world, route):
    ship_rules()
    for model, score in ((BIG, 0.95), (SMALL, 0.8)):
        ModelQuality.objects.create(
            model=route.targets.get(deployment__model__model_id=model).deployment.model, score=score
        )
    for number in range(6):
        wishes = {"routing": {"wishes": {"cost": "low"}}} if number == 0 else {}
        called(world.mine, route, feature="chat", first_token_ms=500.0, checks=wishes)
    called(world.other, route)
    answer = world.client("viewer").get(f"{API}/routing/dry-run/", {"route": "choice"}).json()
    assert (answer["calls"], answer["moved"], answer["unsuitable"]) == (6, 6, 0)
    assert answer["rules"] == {
        "Low cost: cheapest that is good enough": 1,
        "All others: best score": 5,
    }
    # A call: 1,000 tokens at $3 and 500 at $15 a million; then at $0.10 and $0.40.
    assert (answer["usd_before"], answer["usd_after"]) == ("0.063", "0.0018")
    quality = (
        world.client("viewer")
        .get(
            f"{API}/routing/dry-run/",
            {"route": "choice", "rules": "none", "cost": 0, "quality": 1, "latency": 0},
        )
        .json()
    )
    assert quality["moved"] == 1  # who asks for a low cost has other weights
    assert quality["rules"] == {"(no rule)": 6}
    for wrong in ({"route": "none"}, {"route": "choice", "cost": 1}, {"route": "choice", "days": 0}):
        assert world.client("viewer").get(f"{API}/routing/dry-run/", wrong).status_code == 400


def test_a_deployment_that_has_got_its_price_since_is_tried_too(world, route):
    """What is played is what would be switched on now: the new model is what it is about."""
    now = utc_now()
    called(world.mine, route, started_at=now - timedelta(hours=3))
    called(world.mine, route, started_at=now - timedelta(hours=3), region="eu-west-1", cost_nanos=7)
    Price.objects.update(valid_from=now - timedelta(hours=1))
    answer = world.client("viewer").get(f"{API}/routing/dry-run/", {"route": "choice", "days": 7}).json()
    assert (answer["calls"], answer["unsuitable"]) == (2, 0)
    # What is no deployment of the route any more is told at what was paid.
    assert answer["usd_before"] == "0.010500007"


def test_calls_of_a_prompt_go_where_its_version_says(world, route):
    """Its regions and weights come before those of the route, also before those that are tried."""
    document = {"model": "choice", "messages": [{"role": "user", "text": "Hello"}]}
    prompt = make_prompt(world.mine.team, "pinned", versions=1, document={**document, "regions": ["eu"]})
    make_version(prompt, number=2, document={**document, "weights": {"cost": 1, "quality": 0, "latency": 0}})
    make_version(prompt, number=3, document=document)
    for number in (1, 2, 3):
        called(world.mine, route, prompt_id=prompt.pk, prompt_version=number, prompt_name="pinned")
    for model, score in ((BIG, 0.9), (SMALL, 0.1)):
        ModelQuality.objects.create(
            model=route.targets.get(deployment__model__model_id=model).deployment.model, score=score
        )
    asked = {"route": "choice", "rules": "none", "cost": 0, "quality": 1, "latency": 0}
    answer = world.client("viewer").get(f"{API}/routing/dry-run/", asked).json()
    assert (answer["calls"], answer["unsuitable"], answer["moved"]) == (3, 1, 1)


def test_calls_that_nothing_suits_are_counted(world, route):
    add_rules([RuleEntry(name="Europe", regions=("eu",))])
    called(world.mine, route)
    answer = world.client("viewer").get(f"{API}/routing/dry-run/", {"route": "choice"}).json()
    assert (answer["calls"], answer["unsuitable"]) == (1, 1)
    text = world.client("viewer").get(PAGE, {"route": "choice", "days": "1"}).content.decode()
    assert "100% less" not in text


def test_decisions_by_use_case(world, route):
    for number in range(4):
        checks: dict[str, Any] = {"routing": {"rule": "R", "score": 0.5 + number / 10, "confidence": 0.8}}
        if number == 0:
            checks["routing"]["fell_back_to"] = "other"
            checks["violation"] = {"kind": "EMAIL"}
        called(world.mine, route, feature="chat", checks=checks, attempts=1 + (number == 1))
    called(world.mine, route, feature="mail", status="refused", code="no_suitable_model")
    called(world.other, route, feature="chat")
    chat, mail = world.client("viewer").get(f"{API}/routing/decisions/", {"route": "choice"}).json()
    assert chat == {
        "feature": "chat", "calls": 4, "scored": 4, "score": pytest.approx(0.65), "confidence": pytest.approx(0.8),
        "fallbacks": 1, "retried": 1, "unsuitable": 0, "violations": 1, "rules": {"R": 4},
    }  # fmt: skip
    assert (mail["feature"], mail["unsuitable"], mail["score"]) == ("mail", 1, None)
    assert world.client("viewer").get(f"{API}/routing/decisions/", {"route": "none"}).json() == []


def test_copies_are_compared_pair_by_pair(world, route):
    for number in range(3):
        call = called(world.mine, route, stop_reason="end_turn", cost_nanos=9000, duration_ms=900)
        make_call(
            world.mine.team, world.mine.application, route="cheap", feature="shadow:choice", model=SMALL,
            stop_reason=("end_turn", "max_tokens")[number == 0], cost_nanos=1000, duration_ms=300,
            checks={"shadow_of": str(call.call_id)},
        )  # fmt: skip
    make_call(world.mine.team, route="cheap", feature="shadow:choice", checks={"shadow_of": str(new_id())})
    response = world.client("viewer").get(PAGE, {"route": "choice", "days": "1"})
    text = response.content.decode()
    assert "cheap (shadow)" in text
    assert "Take cheap (shadow)" in text


@pytest.mark.parametrize(
    "query", [{}, {"route": "choice"}, {"route": "choice", "rules": "all", "cost": "0.5"}, {"days": "400"}]
)
def test_the_page(world, route, query):
    called(
        world.mine, route, feature="chat", checks={"routing": {"score": 0.7, "confidence": 0.9, "rule": "R"}}
    )
    response = world.client("viewer").get(PAGE, query)
    assert response.status_code == 200
    text = response.content.decode()
    if query.get("days") == "400" or "cost" in query:
        assert "This can&#x27;t be shown" in text or "This can't be shown" in text
    else:
        assert "By use case" in text
        assert "chat" in text
        assert ("Dry run of choice" in text) == bool(query)
