"""The pages of experiments and rollouts: what they say, what their forms take, and who may use them."""

from typing import Any

import pytest
from django import forms
from django.urls import reverse

from accounts.models import Application
from kernel.clock import utc_now
from prompts.registry.models import Label, VersionState
from prompts.rollout.admin.traffic_form import ChecksFormField
from prompts.rollout.models import Experiment, Rollout
from prompts.rollout.services import experiments, rollouts
from tests.prompts.evaluations.test_assertion_fields import sent
from tests.prompts.rollout.factories import called, make_experiment, make_prompt_in_use, make_rollout
from tests.world import ROLES

pytestmark = pytest.mark.django_db
CHECKS = [
    {"kind": "contains", "texts": ["Größe"]},
    {"kind": "numeric", "path": "a", "value": 3, "tolerance": 0.5},
]
NOT_LET_IN = {302, 403, 404}


def url(thing, page: str = "change") -> str:
    return reverse(f"admin:prompts_{thing._meta.model_name}_{page}", args=[thing.pk])


def page(client, thing) -> str:
    answer = client.get(url(thing))
    assert answer.status_code == 200
    return answer.content.decode()


def of_team(team) -> tuple[Experiment, Rollout]:
    return Experiment.objects.get(prompt__team=team.team), Rollout.objects.get(prompt__team=team.team)


class Checks(forms.Form):
    def __init__(self, *checks: Any) -> None:
        super().__init__()
        self.fields["checks"] = ChecksFormField(checks)


def rows(*checks: Any) -> dict[str, str]:
    """What a browser sends of checks."""
    return sent(str(Checks(*checks)["checks"]))


def experiment_form(**changes) -> dict:
    return {
        **rows(), "name": "New", "label": "production", "unit": "end_user", "about": "helpful", "others": ["errors"], "minimum": 100,
        "arm_0_name": "one", "arm_0_version": 1, "arm_0_weight": 1, "arm_1_name": "two", "arm_1_version": 2,
        "arm_1_weight": 3, "arm_1_model": "nova-lite",
    } | changes  # fmt: skip


def rollout_form(**changes) -> dict:
    return {
        **rows(), "version": 2, "label": "production", "unit": "session", "step_0_share": "0.5", "step_0_minutes": 5, "step_0_calls": 9,
        "step_1_share": 100, "guard_errors_most": 5, "guard_errors_times": 2, "guard_cost_most": "0.02",
        "segment_0_name": "country", "segment_0_values": "de, at",
    } | changes  # fmt: skip


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_pages_of_another_team_stay_closed(world, role):
    client = world.client(role)
    for thing in of_team(world.other):
        pages = [url(thing, name) for name in ("change", "delete", "history")]
        prompt = reverse(f"admin:prompts_{thing._meta.model_name}_add") + f"?prompt={thing.prompt_id}"
        for address in (*pages, f"{pages[0]}?edit=1", prompt):
            for answer in (
                client.get(address),
                client.post(
                    address, {"action": "start", "post": "yes", **experiment_form(), **rollout_form()}
                ),
            ):
                assert answer.status_code in NOT_LET_IN, address
        listed = client.get(reverse(f"admin:prompts_{thing._meta.model_name}_changelist")).content.decode()
        assert "other-prompt" not in listed
        assert ("mine-prompt" in listed) == (role != "nobody")
    assert (
        Experiment.objects.filter(state="draft").count() == Rollout.objects.filter(state="draft").count() == 2
    )


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_who_only_looks_can_t_write(world, role):
    client = world.client(role)
    for thing in of_team(world.mine):
        assert "Start" not in page(client, thing)
        for address in (url(thing), f"{url(thing)}?edit=1"):
            assert client.post(address, {"action": "start", **experiment_form(name="x")}).status_code == 403
        assert client.post(url(thing, "delete"), {"post": "yes"}).status_code == 403
        assert client.get(reverse(f"admin:prompts_{thing._meta.model_name}_add")).status_code == 403
        thing.refresh_from_db()
        assert thing.state == "draft"


def test_a_shared_prompt_s_are_for_superusers_to_change(world):
    shared = make_prompt_in_use(None, "greeting")
    for thing in (make_experiment(shared), make_rollout(shared)):
        assert "shared by all teams" in page(world.client("viewer"), thing)
        assert world.client("owner").post(url(thing), {"action": "start"}).status_code == 403
        world.client("superuser").post(url(thing), {"action": "start"})
        thing.refresh_from_db()
        assert thing.state == ("running" if isinstance(thing, Experiment) else "draft")


def test_an_experiment_is_added_changed_and_started(world):
    client, prompt = world.client("developer"), world.mine.team.prompts.get(experiments__isnull=False)
    add = reverse("admin:prompts_experiment_add")
    start = client.get(add).content.decode()
    assert "mine-prompt" in start
    assert "other-prompt" not in start
    assert "its own model" in client.get(f"{add}?prompt={prompt.pk}").content.decode()
    answer = client.post(f"{add}?prompt={prompt.pk}", experiment_form())
    made = Experiment.objects.get(name="New")
    assert answer.url == url(made)
    assert [(arm.name, arm.version.number, arm.model, arm.weight) for arm in made.arms.all()] == [
        ("one", 1, "", 1),
        ("two", 2, "nova-lite", 3),
    ]
    assert made.metrics == ["helpful", "errors"]
    assert 'value="two"' in client.get(f"{url(made)}?edit=1").content.decode()
    client.post(f"{url(made)}?edit=1", experiment_form(name="Newer", arm_1_model=""))
    made.refresh_from_db()
    assert (made.name, made.arms.count()) == ("Newer", 2)
    assert "Started" in client.post(url(made), {"action": "start"}, follow=True).content.decode()
    made.refresh_from_db()
    assert made.state == "running"
    client.post(f"{url(made)}?edit=1", experiment_form(name="Late"))
    assert client.post(url(made, "delete"), {"post": "yes"}).status_code == 403
    made.refresh_from_db()
    assert made.name == "Newer"


def test_what_an_experiment_has_found_is_said_in_words(world):
    prompt = make_prompt_in_use(world.mine.team)
    experiment = make_experiment(prompt, name="Tone", metrics=["helpful", "cost", "latency"])
    experiments.start(experiment, by=None, now=utc_now())
    client = world.client("viewer")
    assert "It is too early to say anything of “shorter”: 50 more end users" in page(client, experiment)
    for arm, helpful, nanos in zip(experiment.arms.all(), (False, True), (1_000_000, 3_000_000), strict=True):
        for number in range(60):
            called(
                prompt,
                number=1,
                arm=arm,
                helpful=helpful,
                cost_nanos=nanos + number,
                duration_ms=800 + number,
            )
    text = page(client, experiment)
    assert "“shorter” is better than “as it is” in helpful answers, but worse in cost per call." in text
    assert "100.0 %" in text
    assert "<svg" in text
    assert "829 ms" in text
    assert "Stop it" not in text
    assert "Stop it" in page(world.client("developer"), experiment)


def test_checks_are_written_read_and_changed(world):
    client, prompt = world.client("developer"), world.mine.team.prompts.get(experiments__isnull=False)
    address = f"{reverse('admin:prompts_experiment_add')}?prompt={prompt.pk}"
    client.post(address, experiment_form(about="checks", **rows(*CHECKS)))
    made = Experiment.objects.get(name="New")
    assert (made.metrics, made.checks) == (["checks", "errors"], CHECKS)
    assert "Größe" in client.get(f"{url(made)}?edit=1").content.decode()
    text = page(world.client("viewer"), made)
    assert "has “Größe” in it<br>its number at “a” is 3, tolerance 0.5" in text
    client.post(f"{url(made)}?edit=1", experiment_form())
    made.refresh_from_db()
    assert made.checks == []
    address = f"{reverse('admin:prompts_rollout_add')}?prompt={prompt.pk}"
    client.post(address, rollout_form(guard_checks_most=5, guard_checks_times=2, **rows(*CHECKS)))
    rollout = Rollout.objects.latest("pk")
    assert rollout.guardrails["checks"] == {"most": 0.05, "times": 2.0}
    assert "Größe" in client.get(f"{url(rollout)}?edit=1").content.decode()
    client.post(
        f"{url(rollout)}?edit=1", rollout_form(guard_checks_most=5, **rows({"kind": "equals", "value": 1}))
    )
    rollout.refresh_from_db()
    assert rollout.checks == [{"kind": "equals", "value": 1}]
    text = page(world.client("viewer"), rollout)
    assert "Answers that fail the checks" in text
    assert "is “1”" in text


def test_an_experiment_is_stopped_with_a_reason_and_a_winner(world):
    experiment = make_experiment(make_prompt_in_use(world.mine.team))
    experiments.start(experiment, by=None, now=utc_now())
    client = world.client("developer")
    assert "Say why" in client.post(url(experiment), {"action": "stop"}, follow=True).content.decode()
    stranger = of_team(world.other)[0].arms.first()
    body = {"action": "stop", "reason": "Better", "winner": stranger.pk}
    assert "no such arm" in client.post(url(experiment), body, follow=True).content.decode()
    client.post(url(experiment), body | {"winner": experiment.arms.last().pk})
    experiment.refresh_from_db()
    assert experiment.state == "stopped"
    assert Label.objects.get(prompt=experiment.prompt).version.number == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arm_1_name": ""}, "from 2 to 5"),
        ({"arm_1_version": ""}, "Which version?"),
        ({"arm_1_version": 1, "arm_1_model": ""}, "same version"),
        ({"arm_1_version": 9}, "valid choice"),
        ({"arm_1_model": "nothing"}, "valid choice"),
        ({"label": "staging"}, "valid choice"),
        ({"minimum": 3}, "greater than or equal to 50"),
        (rows({"kind": "contains", "texts": []}), "live calls have no expected answer"),
        (rows() | {"checks-0-kind": "judge"}, "Choose what to check"),
        (rows({"kind": "pattern", "pattern": "(a"}), "Something above is missing or wrong"),
        (rows(*[{"kind": "contains", "texts": ["a"]}] * 21), "at most 20 are made"),
        (rows(*CHECKS), "or take the checks away"),
        ({"about": "checks"}, "Write the checks"),
    ],
)
def test_an_experiment_s_form_says_what_is_wrong(world, changes, words):
    prompt = world.mine.team.prompts.get(experiments__isnull=False)
    address = f"{reverse('admin:prompts_experiment_add')}?prompt={prompt.pk}"
    answer = world.client("developer").post(address, experiment_form(**changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Experiment.objects.count() == 2


def test_a_rollout_is_added_changed_started_and_stepped_in(world):
    client, prompt = world.client("developer"), world.mine.team.prompts.get(experiments__isnull=False)
    address = f"{reverse('admin:prompts_rollout_add')}?prompt={prompt.pk}"
    assert "Share of callers" in client.get(address).content.decode()
    body = rollout_form(segment_applications=[world.mine.application.pk])
    made = Rollout.objects.get(pk=int(client.post(address, body).url.split("/")[-3]))
    assert made.plan == [
        {"share": 0.005, "minutes": 5, "calls": 9},
        {"share": 1.0, "minutes": 0, "calls": 0},
    ]
    assert made.guardrails == {"errors": {"most": 0.05, "times": 2.0}, "cost": {"most": 20_000_000}}
    assert made.segment == {
        "applications": [world.mine.application.pk],
        "attributes": {"country": ["de", "at"]},
    }
    form = client.get(f"{url(made)}?edit=1").content.decode()
    for value in ('value="0.5"', 'value="0.02"', 'value="de, at"', "checked"):
        assert value in form
    client.post(f"{url(made)}?edit=1", rollout_form(unit="call"))
    made.refresh_from_db()
    assert (made.unit, made.segment) == ("call", {"attributes": {"country": ["de", "at"]}})
    client.post(url(made), {"action": "start"})
    text = page(client, made)
    assert "0 of 5 minutes, 0 of 9 calls so far" in text
    assert "with country de or at" in text
    assert "$0.02" in text
    for action, state in (("pause", "paused"), ("resume", "running"), ("advance", "running")):
        assert "Say why" in client.post(url(made), {"action": action}, follow=True).content.decode()
        client.post(url(made), {"action": action, "reason": f"Reason of {action}"})
        made.refresh_from_db()
        assert made.state == state
    client.post(url(made), {"action": "complete", "reason": "Enough"})
    text = page(client, made)
    assert "Reason of pause" in text
    assert "The developer" in text
    assert Label.objects.get(prompt=prompt).version.number == 2


def test_a_rollout_s_page_shows_both_versions_figures(world):
    prompt = make_prompt_in_use(world.mine.team)
    rollout = make_rollout(prompt, guardrails={"errors": {"most": 0.2}, "negative": {"times": 2}})
    rollouts.start(rollout, by=None, now=utc_now())
    for number in (1, 2):
        for bad in range(24):
            called(
                prompt, number=number, rollout=rollout, status="failed" if bad < 6 * number else "succeeded"
            )
    text = page(world.client("viewer"), rollout)
    assert "24 calls of version 2, 24 of version 1" in text
    assert "50.0 %" in text
    assert "25.0 %" in text
    assert "Doubtful" in text
    assert "nothing yet" in text
    rollouts.roll_back(rollout, by=None, now=utc_now(), reason="Too many errors")
    text = page(world.client("viewer"), rollout)
    assert "Too many errors" in text
    assert "by itself" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step_1_share": 50}, "everybody"),
        ({"step_0_share": ""}, ""),
        ({"step_0_share": 200}, "less than or equal to 100"),
        ({"guard_errors_times": 0.5}, "greater than or equal to 1"),
        ({"guard_errors_most": 100}, "from 0 to less than 1"),
        ({"version": 9}, "valid choice"),
        (rows(*CHECKS), "how many answers may fail"),
        (rows(*CHECKS) | {"guard_checks_most": "10"}, ""),
        ({"guard_checks_most": "10"}, "Write the checks"),
    ],
)
def test_a_rollout_s_form_says_what_is_wrong(world, changes, words):
    prompt = world.mine.team.prompts.get(experiments__isnull=False)
    address = f"{reverse('admin:prompts_rollout_add')}?prompt={prompt.pk}"
    answer = world.client("developer").post(address, rollout_form(**changes))
    assert (answer.status_code, Rollout.objects.count()) == ((200, 2) if words else (302, 3))
    assert words in answer.content.decode()


def test_a_rollout_s_form_takes_no_other_team_s_application_nor_a_draft(world):
    prompt = world.mine.team.prompts.get(experiments__isnull=False)
    prompt.versions.create(number=3, state=VersionState.DRAFT)
    theirs = Application.objects.get(name="Other app")
    address = f"{reverse('admin:prompts_rollout_add')}?prompt={prompt.pk}"
    client = world.client("developer")
    assert "Other app" not in client.get(address).content.decode()
    for body in (rollout_form(segment_applications=[theirs.pk]), rollout_form(version=3)):
        answer = client.post(address, body)
        assert answer.status_code == 200
        assert "valid choice" in answer.content.decode()
    assert Rollout.objects.count() == 2


def test_a_shared_prompt_s_rollout_names_no_other_team(world):
    """Everybody sees it; whom it is for is said to each of their own teams only."""
    prompt = make_prompt_in_use(None, "everybody-s")
    segment = {
        "teams": [world.mine.team.pk, world.other.team.pk],
        "applications": [world.other.application.pk],
    }
    rollout = make_rollout(prompt, segment=segment)
    for who in (*ROLES, "nobody"):
        text = page(world.client(who), rollout)
        assert "Other" not in text
        assert ("of Mine, 1 of other teams from 1 of other teams" in text) == (who != "nobody")
        assert ("of 2 of other teams" in text) == (who == "nobody")
    assert "of Mine, Other from Other app" in page(world.client("superuser"), rollout)
