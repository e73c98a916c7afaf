"""Experiments and rollouts through the management API: their life, their figures, and who may do what."""

import pytest

from accounts.models import Application
from governance.reviews.models import Feedback
from prompts.rollout.models import Experiment, Rollout
from tests.accounts.api_resources import API, ask, id_in
from tests.prompts.rollout.factories import called, make_experiment, make_prompt_in_use, make_rollout
from tests.world import World

pytestmark = pytest.mark.django_db


def _prompt(world: World):
    return world.mine.team.prompts.get(experiments__isnull=False)


def post(client, path: str, body: dict | None = None):
    answer = ask(client, "post", f"{API}/{path}", body)
    return answer.status_code, answer.json()


def test_a_rollout_from_draft_to_its_end(world):
    client = world.client("developer")
    body = {
        "prompt": _prompt(world).pk, "label": "production", "version": 2,
        "plan": [{"share": 0.1, "minutes": 5, "calls": 5}, {"share": 1, "minutes": 5, "calls": 5}],
        "segment": {"attributes": {"country": ["de"]}, "applications": [world.mine.application.pk]},
        "guardrails": {"errors": {"most": 0.05}, "cost": {"most_usd": "0.02", "times": 1.5}},
    }  # fmt: skip
    status, made = post(client, "rollouts/", body)
    assert status == 201, made
    assert (made["version"], made["state"], made["share"]) == (2, "draft", 0.0)
    assert made["guardrails"]["cost"] == {"most_usd": "0.02", "times": 1.5}
    assert Rollout.objects.get(pk=made["id"]).guardrails["cost"]["most"] == 20_000_000
    path = f"rollouts/{made['id']}"
    assert client.get(f"{API}/{path}/figures/").json() == {}
    status, started = post(client, f"{path}/start/")
    assert (status, started["state"], started["share"], started["stable_version"]) == (200, "running", 0.1, 1)
    rollout = Rollout.objects.get(pk=made["id"])
    for _ in range(3):
        called(rollout.prompt, number=2, rollout=rollout)
    figures = client.get(f"{API}/{path}/figures/").json()
    assert (figures["candidate"]["calls"], figures["checks"][0]["standing"]) == (3, "holds")
    assert ask(client, "patch", f"{API}/{path}/", {"version": 1}).status_code == 409
    assert ask(client, "delete", f"{API}/{path}/").status_code == 409
    assert post(client, f"{path}/pause/")[0] == 400
    for action, state in (("pause", "paused"), ("resume", "running"), ("advance", "running")):
        status, changed = post(client, f"{path}/{action}/", {"reason": "Because"})
        assert (status, changed["state"]) == (200, state), changed
    status, done = post(client, f"{path}/complete/", {"reason": "Good enough"})
    assert (status, done["state"], done["share"]) == (200, "completed", 1.0)
    assert [event["action"] for event in done["events"]] == [
        "start",
        "pause",
        "resume",
        "advance",
        "complete",
    ]
    assert done["events"][1]["by"] == world.people["developer"].pk
    status, answer = post(client, f"{path}/roll-back/", {"reason": "No"})
    assert (status, "is completed" in answer["detail"]) == (409, True)


def test_an_experiment_from_draft_to_its_end(world):
    client = world.client("developer")
    body = {
        "prompt": _prompt(world).pk, "name": "Cheaper", "label": "production", "metrics": ["helpful"],
        "minimum": 50, "arms": [{"name": "one", "version": 1}, {"name": "two", "version": 2, "weight": 3}],
    }  # fmt: skip
    status, made = post(client, "experiments/", body)
    assert status == 201, made
    path = f"experiments/{made['id']}"
    assert client.get(f"{API}/{path}/results/").json()["arms"] == []
    arms = [{"name": "one", "version": 1}, {"name": "other", "version": 2, "model": "nova-lite"}]
    changed = ask(client, "patch", f"{API}/{path}/", {"arms": arms}).json()
    assert [(arm["name"], arm["model"]) for arm in changed["arms"]] == [("one", ""), ("other", "nova-lite")]
    assert post(client, f"{path}/start/")[1]["state"] == "running"
    assert ask(client, "patch", f"{API}/{path}/", {"minimum": 60}).status_code == 409
    experiment = Experiment.objects.get(pk=made["id"])
    for arm, helpful in zip(experiment.arms.all(), (False, True), strict=True):
        for _ in range(60):
            called(experiment.prompt, number=arm.version.number, arm=arm, helpful=helpful)
    found = client.get(f"{API}/{path}/results/").json()
    assert found["is_decided"]
    assert [arm["outcome"] for arm in found["arms"]] == [None, "wins"]
    assert found["arms"][1]["comparisons"][0]["low"] > 0.5
    assert post(client, f"{path}/stop/", {"reason": "Done", "winner": "nobody"})[0] == 400
    status, stopped = post(client, f"{path}/stop/", {"reason": "Done"})
    assert (status, stopped["state"], stopped["stop_reason"]) == (200, "stopped", "Done")
    assert Feedback.objects.count() > 100


@pytest.mark.parametrize(
    ("resource", "change", "words"),
    [
        ("rollouts", {"version": 9}, "no version 9"),
        ("rollouts", {"plan": [{"share": 0.5, "minutes": 1, "calls": 1}]}, "everybody"),
        ("rollouts", {"guardrails": {"speed": {"most": 1}}}, "Unknown guardrail"),
        ("rollouts", {"guardrails": {"cost": {"most_usd": 1.5}}}, "decimal string"),
        ("rollouts", {"segment": {"country": "de"}}, "Give teams"),
        ("rollouts", {"segment": {"attributes": {"country": "de"}}}, "list of the values"),
        ("rollouts", {"segment": {"applications": [10**15]}}, "does not exist"),
        ("experiments", {"arms": [{"name": "one", "version": 1}]}, "from 2 to 5"),
        ("experiments", {"metrics": ["speed"]}, "not a valid choice"),
        ("experiments", {"metrics": ["cost", "cost"]}, "once"),
        ("experiments", {"minimum": 3}, "greater than or equal to 50"),
        (
            "experiments",
            {"arms": [{"name": "one", "version": 1}, {"name": "two", "version": 1, "model": "nothing"}]},
            "no route",
        ),
    ],
)
def test_what_can_t_be_is_said(world, resource, change, words):
    url = f"{API}/{resource}/{id_in(world.mine, resource)}/"
    answer = ask(world.client("developer"), "patch", url, change)
    assert answer.status_code == 400, answer.content
    assert words in answer.content.decode()


def test_another_team_s_application_is_no_segment(world):
    theirs = Application.objects.get(team=world.other.team, name="Other app")
    url = f"{API}/rollouts/{id_in(world.mine, 'rollouts')}/"
    answer = ask(world.client("developer"), "patch", url, {"segment": {"applications": [theirs.pk]}})
    assert answer.status_code == 400
    assert "Other" not in answer.content.decode()


@pytest.mark.parametrize("who", ["reviewer", "viewer"])
def test_who_only_looks_starts_nothing(world, who):
    for path in ("rollouts", "experiments"):
        pk = id_in(world.mine, path)
        assert post(world.client(who), f"{path}/{pk}/start/")[0] == 403
        assert world.client(who).get(f"{API}/{path}/{pk}/").status_code == 200
    assert not Rollout.objects.exclude(state="draft").exists()


def test_a_shared_prompt_s_are_seen_by_all_and_changed_by_superusers(world):
    shared = make_prompt_in_use(None, "greeting")
    rollout, experiment = make_rollout(shared), make_experiment(shared)
    for path, pk in (("rollouts", rollout.pk), ("experiments", experiment.pk)):
        for who in ("owner", "viewer"):
            client = world.client(who)
            assert client.get(f"{API}/{path}/{pk}/").status_code == 200
            assert post(client, f"{path}/{pk}/start/")[0] == 403
            assert ask(client, "patch", f"{API}/{path}/{pk}/", {"label": "x"}).status_code == 403
            assert ask(client, "delete", f"{API}/{path}/{pk}/").status_code == 403
    body = {"prompt": shared.pk, "label": "production", "version": 2}
    assert post(world.client("owner"), "rollouts/", body)[0] == 403
    assert post(world.client("superuser"), "rollouts/", body)[0] == 201
    assert post(world.client("superuser"), f"rollouts/{rollout.pk}/start/")[0] == 200


def test_lists_are_filtered(world):
    client = world.client("owner")
    assert client.get(f"{API}/rollouts/?state=running").json()["results"] == []
    assert len(client.get(f"{API}/experiments/?prompt={_prompt(world).pk}").json()["results"]) == 1
    assert (
        client.get(
            f"{API}/experiments/?prompt={world.other.team.prompts.get(experiments__isnull=False).pk}"
        ).json()["results"]
        == []
    )
    assert client.get(f"{API}/rollouts/?state=gone").status_code == 400


CHECKS = [{"kind": "forbidden", "texts": ["sorry"]}]


def test_checks_go_with_the_metric_and_the_guardrail(world):
    client, prompt = world.client("developer"), _prompt(world).pk
    arms = [{"name": "one", "version": 1}, {"name": "two", "version": 2}]
    body = {"prompt": prompt, "name": "Checked", "label": "production", "arms": arms}
    for changes, field in (
        ({"metrics": ["checks"]}, "metrics"),
        ({"checks": CHECKS}, "metrics"),
        ({"checks": [{"kind": "judge"}], "metrics": ["checks"]}, "checks"),
        ({"checks": {}, "metrics": ["checks"]}, "checks"),
    ):
        status, answer = post(client, "experiments/", body | changes)
        assert (status, list(answer)) == (400, [field])
    status, made = post(client, "experiments/", body | {"checks": CHECKS, "metrics": ["checks"]})
    assert (status, made["checks"]) == (201, CHECKS)
    path = f"experiments/{made['id']}"
    assert ask(client, "patch", f"{API}/{path}/", {"checks": []}).status_code == 400
    assert ask(client, "patch", f"{API}/{path}/", {"checks": [], "metrics": ["cost"]}).status_code == 200
    assert ask(client, "patch", f"{API}/{path}/", {"checks": CHECKS, "metrics": ["checks"]}).status_code == 200  # fmt: skip
    assert post(client, f"{path}/start/")[0] == 200
    experiment = Experiment.objects.get(pk=made["id"])
    for checked in ("passed", "failed", "unchecked"):
        called(experiment.prompt, number=1, arm=experiment.arms.first(), checked=checked)
    control, _ = client.get(f"{API}/{path}/results/").json()["arms"]
    assert (control["calls"], control["unchecked"]) == (3, 1)

    body = {"prompt": prompt, "label": "production", "version": 2}
    guardrails = {"checks": {"most": 0.1}}
    assert post(client, "rollouts/", body | {"checks": CHECKS})[0] == 400
    assert post(client, "rollouts/", body | {"guardrails": guardrails})[0] == 400
    status, made = post(client, "rollouts/", body | {"checks": CHECKS, "guardrails": guardrails})
    assert (status, made["checks"], made["guardrails"]) == (201, CHECKS, guardrails)


def test_what_a_change_holds_is_whole(world):
    """A change may leave out an arm's list, or a plan, but not half of an arm, or of a step."""
    client, prompt = world.client("developer"), make_prompt_in_use(world.mine.team, "whole")
    experiment, rollout = make_experiment(prompt), make_rollout(prompt)
    for path, sent, missing in (
        (
            f"experiments/{experiment.pk}",
            {"arms": [{"name": "one"}, {"name": "two", "version": 2}]},
            "version",
        ),
        (f"experiments/{experiment.pk}", {"arms": [{"version": 1}, {"name": "two", "version": 2}]}, "name"),
        (f"rollouts/{rollout.pk}", {"plan": [{"share": 1}]}, "minutes"),
        (f"rollouts/{rollout.pk}", {"plan": [{"minutes": 1, "calls": 1}]}, "share"),
    ):
        answer = ask(client, "patch", f"{API}/{path}/", sent)
        assert answer.status_code == 400
        assert f'"{missing}":["This field is required."]' in answer.content.decode()
    assert ask(client, "patch", f"{API}/experiments/{experiment.pk}/", {"hypothesis": "x"}).status_code == 200
    assert ask(client, "patch", f"{API}/rollouts/{rollout.pk}/", {"unit": "call"}).status_code == 200
