"""Evaluations through a real gateway: budgets hold, nothing is charged twice, whatever dies."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.slow
DOCUMENT = {
    "messages": [{"text": "{{ question }}"}],
    "variables": [{"name": "question"}],
    "limits": {"max_output_tokens": 40},
}
START = """
from accounts.models import Team, User
from prompts.models import Prompt, TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.evaluations import start
from prompts.evaluations.services.test_sets import add_cases
team = Team.objects.get(name={team!r})
test_set = TestSet.objects.create(team=team, prompt=Prompt.objects.get(name={prompt!r}), name="Questions", assertions={assertions!r})
add_cases(test_set, [Case(variables={{"question": f"Question {{n}}?"}}, expected="simulated answer") for n in range({cases})])
test_set.refresh_from_db()
by = User.objects.filter(is_superuser=True).first()
print("ID", start(test_set, candidates=[{{"version": 1}}], budget_nanos=10**10, by=by, concurrency={concurrency}).pk)
"""
RUN = """
from prompts.models import Evaluation
from prompts.evaluations.services.runner import run_for
Evaluation.objects.filter(pk={pk}).update(lease_until=None)
print("READY", flush=True)
run_for({pk}, seconds={seconds})
"""
RESUME = """
from prompts.models import Evaluation
from prompts.evaluations.services.evaluations import resume
resume(Evaluation.objects.get(pk={pk}))
"""


class Runs:
    """Evaluations of a team of the test's own, run in processes of their own, as workers do."""

    def __init__(self, world: Any, team: str) -> None:
        self.world, self.team, self.prompt = world, team, f"{team.lower()}-prompt"
        world.new_key(team=team)
        world.new_prompt(self.prompt, DOCUMENT, team=team)

    def start(self, *, cases: int, concurrency: int = 4, assertions: Any = ()) -> int:
        script = START.format(
            team=self.team,
            prompt=self.prompt,
            cases=cases,
            concurrency=concurrency,
            assertions=list(assertions),
        )
        return int(self.shell(script).split("ID ")[1])

    def shell(self, script: str) -> str:
        return str(
            self.world.stack.manage("shell", "-v", "0", "-c", script, GATEHOUSE_GATEWAY_URL=self.world.url)
        )

    def run(self, pk: int, *, seconds: int = 60) -> dict[str, Any]:
        self.shell(RUN.format(pk=pk, seconds=seconds))
        return self.row(pk)

    def row(self, pk: int) -> dict[str, Any]:
        found: dict[str, Any] = self.world.execute("SELECT * FROM prompts_evaluation WHERE id = %s", pk)[0]
        return found

    def charges(self, pk: int) -> tuple[Counter[str], int]:
        """How often each purpose of each result was charged, and the sum on record."""
        rows = self.world.execute(
            "SELECT a.request_id, a.cost_nanos FROM governance_auditrecord a JOIN prompts_evaluationresult r "
            "ON r.id = split_part(a.request_id, '-', 2)::bigint WHERE a.request_id LIKE 'eval-%%' AND a.cost_nanos > 0 "
            "AND r.evaluation_id = %s", pk,
        )  # fmt: skip
        return Counter(row["request_id"].rpartition("-")[0] for row in rows), sum(
            row["cost_nanos"] for row in rows
        )

    def wait_out_claims(self, pk: int) -> None:
        """As if ten minutes had gone by: what a worker claimed and was killed before it sent it may be made again then."""
        self.world.execute(
            "UPDATE prompts_evaluationcall c SET claimed_at = c.claimed_at - interval '11 minutes' FROM prompts_evaluationresult r "
            "WHERE r.id = c.result_id AND r.evaluation_id = %s AND c.state = 'claimed' AND c.claimed_at < now() - interval '8 seconds'",
            pk,
        )  # fmt: skip

    def killed_at(self, pk: int, done: int) -> None:
        """A worker that is killed as soon as so many answers are done."""
        child = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", RUN.format(pk=pk, seconds=60)],
            cwd=ROOT, env=self.world.stack.environment(GATEHOUSE_GATEWAY_URL=self.world.url), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + 60
        while self.row(pk)["done"] < done and child.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        child.kill()
        child.wait()


@pytest.fixture
def runs(world: Any) -> Any:
    return lambda team: Runs(world, team)


def test_an_evaluation_through_the_gateway(world, runs):
    mine = runs("Evals")
    assertions = [
        {"kind": "contains"},
        {"kind": "similarity", "at_least": -1},
        {"kind": "cost", "at_most_usd": "1"},
    ]
    pk = mine.start(cases=5, assertions=assertions)
    row = mine.run(pk)
    assert (row["state"], row["done"], row["passed"]) == ("finished", 5, 5), row["detail"]
    charges, total = mine.charges(pk)
    assert set(charges.values()) == {1}
    assert len(charges) == 10
    assert row["spent_nanos"] == total
    result = world.execute("SELECT * FROM prompts_evaluationresult WHERE evaluation_id = %s", pk)[0]
    record = world.record(str(result["call_id"]))
    assert (record["feature"], record["prompt_name"], record["prompt_version"]) == (
        "evaluation",
        mine.prompt,
        1,
    )
    # Not always the first attempt: the gateway may not have heard of the team's key.
    assert re.fullmatch(rf"eval-{result['id']}-answer-\d", record["request_id"])


def test_a_worker_killed_again_and_again_charges_nothing_twice(world, runs):
    mine = runs("Killed")
    pk = mine.start(cases=60, concurrency=6)
    for done in (3, 20, 40):
        mine.killed_at(pk, done)
    for _ in range(4):
        row = mine.run(pk)
        if row["state"] != "running":
            break
        time.sleep(5)  # what was under way is taken from the record when its worker had time to write it down
        mine.wait_out_claims(pk)
    assert (row["state"], row["done"]) == ("finished", 60), row["detail"]
    charges, total = mine.charges(pk)
    assert set(charges.values()) == {1}
    assert len(charges) == 60
    assert row["spent_nanos"] == total


def test_a_budget_that_runs_out_midway(world, runs):
    mine = runs("Thrifty")
    pk = mine.start(cases=8, concurrency=2)
    budget = world.set_budget(team="Thrifty", limit_nanos=2_500_000)
    world.knows(world.new_key())
    row = mine.run(pk)
    assert (row["state"], row["reason"]) == ("stopped", "budget"), json.dumps(row, default=str)
    assert 0 < row["done"] < 8
    assert "budget" in row["detail"].lower()
    world.execute("UPDATE governance_budget SET limit_nanos = %s WHERE id = %s", 10**12, budget)
    mine.shell(RESUME.format(pk=pk))
    row = mine.run(
        pk, seconds=120
    )  # what a busy ledger could not answer for is looked at again after half a minute
    assert (row["state"], row["done"]) == ("finished", 8)
    charges, total = mine.charges(pk)
    assert set(charges.values()) == {1}
    assert (len(charges), row["spent_nanos"]) == (8, total)


START_OF = """
from accounts.models import Team, User
from prompts.models import Prompt, TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.evaluations import start
from prompts.evaluations.services.test_sets import add_cases
judge = {{"kind": "judge", "prompt": "evals-judge", "version": 1, "rubric": "Be kind."}}
test_set = TestSet.objects.create(team=Team.objects.get(name="Twins"), prompt_id={prompt}, name="Of {prompt}", assertions=[judge])
add_cases(test_set, [Case(variables={{"question": "Where?"}})])
test_set.refresh_from_db()
by = User.objects.filter(is_superuser=True).first()
print("ID", start(test_set, candidates=[{{"version": 1}}], budget_nanos=10**10, by=by).pk)
"""


def test_a_run_asks_the_prompt_and_the_judge_that_it_means(world, runs):
    mine = runs("Twins")  # it has a prompt of its own
    shared = world.new_prompt(mine.prompt, DOCUMENT, team=None)
    own = world.execute("SELECT id FROM prompts_prompt WHERE name = %s AND team_id IS NOT NULL", mine.prompt)[0]["id"]  # fmt: skip
    judging = {**DOCUMENT, "messages": [{"text": "{{ output }} {{ rubric }} {{ input }} {{ expected }}"}], "variables": [{"name": name} for name in ("output", "rubric", "input", "expected")]}  # fmt: skip
    judges = {None: world.new_prompt("evals-judge", judging, team=None)}
    for prompt, team in ((shared, None), (own, None), (shared, "Twins")):
        if team:
            judges[team] = world.new_prompt("evals-judge", judging, team=team)
            world.knows(world.new_key())
        pk = int(mine.shell(START_OF.format(prompt=prompt).replace("Of ", f"Of {team} ")).split("ID ")[1])
        world.say("There.", '{"score": 0.9, "reason": "Kind."}')
        row = mine.run(pk)
        assert (row["state"], row["passed"]) == ("finished", 1), row["detail"]
        records = world.execute(
            "SELECT a.prompt_id FROM governance_auditrecord a JOIN prompts_evaluationresult r "
            "ON r.id = split_part(a.request_id, '-', 2)::bigint WHERE a.request_id LIKE 'eval-%%' AND a.cost_nanos > 0 "
            "AND r.evaluation_id = %s ORDER BY a.call_id", pk,
        )  # fmt: skip
        assert [record["prompt_id"] for record in records] == [prompt, judges[team]]
