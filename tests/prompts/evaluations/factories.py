"""Test sets, and their runs."""

from typing import Any

from accounts.models import Team, User
from prompts.evaluations.models import Evaluation, EvaluationResult, TestCase, TestSet
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.services.evaluations import start
from prompts.evaluations.services.test_sets import add_cases
from prompts.registry.models import Prompt
from tests.governance.limits.factories import DOLLAR


def make_set(team: Team, prompt: Prompt, *, questions: tuple[str, ...] = ("where", "when", "who"), **fields: Any) -> TestSet:  # fmt: skip
    """Cases that pass when the question comes back in capitals."""
    test_set = TestSet.objects.create(
        team=team, prompt=prompt, **{"name": "Questions", "assertions": [{"kind": "equals"}], **fields}
    )
    cases = [Case(variables={"question": question}, expected=question.upper()) for question in questions]
    add_cases(test_set, cases)
    test_set.refresh_from_db()
    return test_set


def set_of(team: Team) -> TestSet:
    """The team's one test set."""
    return team.test_sets.get()


def begin(test_set: TestSet, by: User, **options: Any) -> Evaluation:
    """A run as people start one, of version 1 unless told otherwise."""
    values = {"candidates": [{"version": 1}], "budget_nanos": DOLLAR, "by": by, **options}
    return start(test_set, **values)


def make_evaluation(test_set: TestSet, **fields: Any) -> Evaluation:
    """A run of version 1 with one case that has ended, without its results."""
    values: dict[str, Any] = {
        "candidates": [{"version": 1, "model": "", "digest": ""}], "budget_nanos": DOLLAR, "total": 1, "done": 1,
        "weights": {"cost": 0.3, "quality": 0.4, "latency": 0.3}, "set_revision": test_set.revision, "state": "finished",
    }  # fmt: skip
    return Evaluation.objects.create(test_set=test_set, **{**values, **fields})


def make_result(
    evaluation: Evaluation, case: TestCase, *, verdict: str = "passed", **fields: Any
) -> EvaluationResult:
    """An answer to a case, judged."""
    values = {"candidate": 0, "is_done": True, "cost_nanos": 1000, "duration_ms": 120, **fields}
    return EvaluationResult.objects.create(evaluation=evaluation, case=case, verdict=verdict, **values)
