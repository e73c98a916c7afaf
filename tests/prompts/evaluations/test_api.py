"""Test sets, runs and their results through the management API."""

import pytest

from governance.alerts.models import Alert
from prompts.evaluations.models import TestSet
from tests.accounts.api_resources import API, ask, ids
from tests.governance.records.factories import make_call, make_content
from tests.prompts.evaluations.factories import make_evaluation, make_result, set_of
from tests.prompts.registry.factories import make_prompt

pytestmark = pytest.mark.django_db


def test_a_set_from_its_making_to_its_run(world):
    client, prompt = world.client("developer"), set_of(world.mine.team).prompt
    body = {"team": world.mine.team.pk, "prompt": prompt.pk, "name": "New", "assertions": [{"kind": "x"}]}
    assert b"is one of equals" in ask(client, "post", f"{API}/test-sets/", body).content
    made = ask(client, "post", f"{API}/test-sets/", {**body, "assertions": [{"kind": "equals"}]}).json()
    path = f"{API}/test-sets/{made['id']}/import/"
    bad = ask(client, "post", path, {"format": "csv", "text": "question\na,b\n"})
    assert (bad.status_code, bad.json()["cases"]) == (400, 0)
    assert bad.json()["problems"][0].startswith("Line 2")
    good = ask(
        client,
        "post",
        path,
        {"format": "jsonl", "text": '{"question": "a", "expected": "A"}\n{"question": "b"}'},
    )
    assert (good.status_code, good.json()["cases"]) == (200, 2)
    run = ask(
        client,
        "post",
        f"{API}/evaluations/",
        {"test_set": made["id"], "candidates": [{"version": 1}], "cap_usd": "0.25"},
    )
    assert run.status_code == 201, run.content
    found = run.json()
    assert (found["state"], found["total"], found["cap_usd"], found["started_by"]) == (
        "queued",
        2,
        "0.25",
        world.people["developer"].pk,
    )
    assert ids(client, "evaluations", f"?test_set={made['id']}") == [found["id"]]
    assert len(ids(client, "evaluation-results", f"?evaluation={found['id']}")) == 2
    wrong = ask(
        client,
        "post",
        f"{API}/evaluations/",
        {"test_set": made["id"], "candidates": [{"version": 7}], "cap_usd": "1"},
    )
    assert b"no version 7" in wrong.content


def test_a_set_is_for_a_prompt_of_its_team(world):
    client = world.client("superuser")
    body = {"team": world.mine.team.pk, "prompt": set_of(world.other.team).prompt_id, "name": "New"}
    assert b"another team" in ask(client, "post", f"{API}/test-sets/", body).content


def test_only_superusers_require_tests_of_shared_prompts(world):
    body = {
        "team": world.mine.team.pk,
        "prompt": make_prompt(None, "shared").pk,
        "name": "New",
        "is_required": True,
    }
    assert ask(world.client("owner"), "post", f"{API}/test-sets/", body).status_code == 400
    assert ask(world.client("superuser"), "post", f"{API}/test-sets/", body).status_code == 201


def test_a_changed_case_is_a_new_one(world):
    client, case = world.client("developer"), set_of(world.mine.team).cases.first()
    before = TestSet.objects.get(pk=case.test_set_id).revision
    changed = ask(client, "patch", f"{API}/test-cases/{case.pk}/", {"expected": {"a": 1}}).json()
    assert changed["id"] != case.pk
    assert (changed["expected"], changed["variables"]) == ({"a": 1}, case.variables)
    assert client.get(f"{API}/test-cases/{case.pk}/").status_code == 404
    assert ask(client, "delete", f"{API}/test-cases/{changed['id']}/").status_code == 204
    assert TestSet.objects.get(pk=case.test_set_id).revision == before + 2
    for bad in ({"assertions": [{"kind": "judge"}]}, {"variables": {"a": "\x00"}}, {"note": "x" * 300_000}):
        assert (
            ask(
                client, "patch", f"{API}/test-cases/{set_of(world.mine.team).cases.last().pk}/", bad
            ).status_code
            == 400
        )


def test_cases_of_calls_of_one_s_own_team_alone(world):
    client, test_set = world.client("developer"), set_of(world.mine.team)
    path = f"{API}/test-sets/{test_set.pk}/from-calls/"
    foreign = ask(client, "post", path, {"call_ids": [str(world.other.call.pk)], "variable": "question"})
    assert foreign.status_code == 400
    call = make_call(world.mine.team, world.mine.application)
    make_content(call, "Hello")
    empty = make_call(world.mine.team, world.mine.application)
    made = ask(
        client, "post", path, {"call_ids": [str(call.pk), str(empty.pk)], "variable": "question"}
    ).json()
    assert made == {"cases": 1, "without_content": 1}


def test_the_grid_and_what_changed(world):
    client, evaluation = world.client("reviewer"), set_of(world.mine.team).evaluations.get()
    grid = client.get(f"{API}/evaluations/{evaluation.pk}/grid/").json()
    assert (grid["rows"][0]["accuracy"], grid["best"], grid["rows"][0]["cost_per_call_usd"]) == (
        0.0,
        0,
        "0.000001",
    )
    assert (
        client.get(f"{API}/evaluations/{evaluation.pk}/grid/?cost=1&quality=1&latency=1").status_code == 400
    )
    assert (
        client.get(f"{API}/evaluations/{evaluation.pk}/grid/?cost=nan&quality=1&latency=0").status_code == 400
    )
    assert (
        client.get(f"{API}/evaluations/{evaluation.pk}/grid/?cost=1&quality=0&latency=0").json()["rows"][0][
            "points"
        ]
        == 1.0
    )
    later = make_evaluation(evaluation.test_set, set_revision=1)
    result = make_result(later, evaluation.results.get().case, output="words")
    found = client.get(f"{API}/evaluation-results/{result.pk}/").json()
    assert {"kind": "removed", "text": " of Mine"} in found["changes"]
    assert client.get(f"{API}/evaluation-results/{evaluation.results.get().pk}/").json()["changes"] is None


def test_cancel_and_resume(world):
    client, evaluation = world.client("developer"), set_of(world.mine.team).evaluations.get()
    path = f"{API}/evaluations/{evaluation.pk}"
    assert ask(client, "post", f"{path}/cancel/", {}).status_code == 409
    assert ask(client, "post", f"{path}/resume/", {"cap_usd": "0.01"}).status_code == 409
    assert ask(client, "post", f"{path}/resume/", {"cap_usd": "2"}).json()["state"] == "queued"
    assert ask(client, "delete", f"{path}/", {}).status_code == 409
    assert ask(client, "post", f"{path}/cancel/", {}).status_code == 202
    assert ask(world.client("reviewer"), "post", f"{path}/resume/", {}).status_code == 403


def test_alerts_of_contracts_are_their_team_s(world):
    mine, other = (
        Alert.objects.create(
            kind="contract_broken", team=each.team, text=f"{each.team} broke it", path="/admin/"
        )
        for each in (world.mine, world.other)
    )
    found = ids(world.client("viewer"), "alerts")
    assert mine.pk in found
    assert other.pk not in found
    row = world.client("viewer").get(f"{API}/alerts/{mine.pk}/").json()
    assert (row["kind"], row["text"], row["budget"], row["team"]) == (
        "contract_broken",
        "Mine broke it",
        None,
        world.mine.team.pk,
    )
    assert world.client("viewer").get(f"{API}/alerts/{other.pk}/").status_code == 404
