"""What evaluations came to, and what is required of a version."""

import pytest

from prompts.evaluations.models import Evaluation, EvaluationResult
from prompts.evaluations.policy.cases import Case
from prompts.evaluations.policy.grid import Weights
from prompts.evaluations.selectors.evaluations import (
    changes_since,
    flakiness_for,
    grid_for,
    previous_run,
    progress_of,
    required_tests_passed,
    results_of,
)
from prompts.evaluations.services.evaluations import ImpossibleRunError
from prompts.evaluations.services.test_sets import add_cases, change_case, import_cases, remove_cases
from prompts.registry.models import PromptVersion
from tests.accounts.factories import make_superuser, make_team
from tests.prompts.evaluations.factories import begin, make_set
from tests.prompts.registry.factories import DOCUMENT, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_superuser()


@pytest.fixture
def test_set():
    team = make_team("Support")
    return make_set(team, make_prompt(team, versions=2, state="draft"), is_required=True)


def finish(evaluation: Evaluation, *verdicts: str, cost: int = 1000, state: str = "finished") -> Evaluation:
    """Fills in results in their order, as the runner does."""
    rows = list(evaluation.results.order_by("id"))
    for row, verdict in zip(rows, verdicts, strict=False):
        EvaluationResult.objects.filter(pk=row.pk).update(
            is_done=True,
            verdict=verdict,
            output=f"{verdict} {row.case_id}",
            cost_nanos=cost,
            duration_ms=100,
            tokens=10,
        )
    evaluation.done = len(verdicts)
    evaluation.state = state
    evaluation.save()
    return evaluation


def version(test_set, number=1):
    return PromptVersion.objects.get(prompt=test_set.prompt, number=number)


def test_a_version_passes_what_is_required_of_it(test_set, user):
    assert required_tests_passed(version(test_set)) == [
        "The required test set “Questions” was never run on version 1."
    ]
    evaluation = begin(test_set, user)
    assert "is queued, not finished" in required_tests_passed(version(test_set))[0]
    finish(evaluation, "passed", "passed", "passed")
    assert required_tests_passed(version(test_set)) == []
    assert "never run on version 2" in required_tests_passed(version(test_set, 2))[0]


@pytest.mark.parametrize("verdict", ["failed", "unjudged"])
def test_what_failed_or_could_not_be_judged_does_not_pass(test_set, user, verdict):
    finish(begin(test_set, user), "passed", "passed", verdict)
    assert "did not pass on version 1" in required_tests_passed(version(test_set))[0]
    test_set.pass_percent = 66
    test_set.save()
    assert required_tests_passed(version(test_set)) == []


def test_only_the_last_run_counts(test_set, user):
    finish(begin(test_set, user), "passed", "passed", "passed")
    finish(begin(test_set, user), "passed", "failed", "passed")
    assert "did not pass" in required_tests_passed(version(test_set))[0]
    finish(begin(test_set, user), "passed", "passed", "passed", state="stopped")
    assert "is stopped, not finished" in required_tests_passed(version(test_set))[0]


def test_a_run_with_another_model_says_nothing_of_the_version(test_set, user):
    finish(begin(test_set, user, candidates=[{"version": 1, "model": "claude"}]), *["passed"] * 3)
    assert "never run" in required_tests_passed(version(test_set))[0]


def test_a_run_from_before_a_change_does_not_count(test_set, user):
    draft = make_version(test_set.prompt, number=3, state="draft")
    run = {"candidates": [{"version": 3}]}
    finish(begin(test_set, user, **run), "passed", "passed", "passed")
    assert required_tests_passed(draft) == []
    PromptVersion.objects.filter(pk=draft.pk).update(document={**DOCUMENT, "model": "nova-pro"})
    draft.refresh_from_db()
    assert "before version 3 was last changed" in required_tests_passed(draft)[0]
    finish(begin(test_set, user, **run), "passed", "passed", "passed")
    change_case(test_set.cases.first(), by=user, expected="else")
    assert "has changed since" in required_tests_passed(draft)[0]


def test_a_set_that_is_not_required_stands_in_nobody_s_way(test_set):
    test_set.is_required = False
    test_set.save()
    assert required_tests_passed(version(test_set)) == []


def test_the_grid_compares_candidates(test_set, user):
    evaluation = begin(test_set, user, candidates=[{"version": 1}, {"version": 1, "model": "claude"}])
    finish(evaluation, "passed", "passed", "failed", "passed", "unjudged", "passed")
    grid = grid_for(evaluation)
    first, second = (row.summary for row in grid.rows)
    assert (first.name, second.name) == ("Version 1", "Version 1 on claude")
    assert (first.passed, first.unjudged, second.passed) == (1, 1, 3)
    assert grid.best == 1
    assert first.nanos_per_1000_tokens == 100_000
    assert grid_for(evaluation, weights=Weights(cost=1.0, quality=0.0, latency=0.0)).rows[0].points == 1.0


def test_results_come_failures_first_and_differ_from_the_run_before(test_set, user):
    before = finish(begin(test_set, user), "passed", "passed", "passed")
    now = finish(begin(test_set, user), "passed", "unjudged", "failed")
    rows = list(results_of(now))
    assert [row.verdict for row in rows] == ["failed", "unjudged", "passed"]
    assert previous_run(now) == before
    changes = changes_since(now, before, rows)
    assert [changes[row.pk].has_changes for row in rows] == [True, True, False]
    assert [span.text for span in changes[rows[0].pk].spans][:2] == ["passed", "failed"]
    assert list(results_of(now, verdict="failed")) == rows[:1]


def test_a_changed_case_is_compared_with_what_it_was(test_set, user):
    before = finish(begin(test_set, user), "passed", "passed", "passed")
    change_case(test_set.cases.first(), by=user, note="clearer")
    test_set.refresh_from_db()
    now = finish(begin(test_set, user), "failed", "failed", "failed")
    rows = list(results_of(now))
    assert len(changes_since(now, before, rows)) == 3


def test_repeats_show_what_is_flaky(test_set, user):
    evaluation = finish(begin(test_set, user, repeats=2), *["passed"] * 3, "failed", "passed", "passed")
    assert flakiness_for(evaluation).flaky == 1


def test_progress(test_set, user):
    found = progress_of(finish(begin(test_set, user), "passed", state="running"))
    assert (found["done"], found["total"], found["percent"], found["cap"]) == (1, 3, 33.3, "$1.00")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"candidates": []}, "Choose 1 to"),
        ({"candidates": [{"version": 9}]}, "no version 9"),
        ({"candidates": [{"version": 1}, {"version": 1}]}, "twice"),
        ({"repeats": 0}, "once to 50"),
        ({"repeats": 51}, "once to 50"),
        ({"budget_nanos": 0}, "more than $0"),
        ({"concurrency": 99}, "calls are made at once"),
        ({"weights": {"cost": 1}}, "come to 1"),
        ({"weights": {"price": 1}}, "price"),
    ],
)
def test_what_can_t_be_run_says_why(test_set, user, options, words):
    with pytest.raises(ImpossibleRunError) as caught:
        begin(test_set, user, **options)
    assert words in str(caught.value)
    assert not Evaluation.objects.exists()


def test_a_set_without_cases_can_t_be_run(test_set, user):
    assert remove_cases(test_set, test_set.cases.values_list("pk", flat=True), by=None) == 3
    with pytest.raises(ImpossibleRunError, match="no cases yet"):
        begin(test_set, user)


def test_a_bad_file_changes_nothing_and_a_good_one_goes_to_the_end(test_set):
    revision = test_set.revision
    assert import_cases(test_set, b"question\nfine\n,,\nx,y\n", kind="csv").errors
    test_set.refresh_from_db()
    assert (test_set.cases.count(), test_set.revision) == (3, revision)
    found = import_cases(test_set, "question;expected\nGrüße?;Köln\n".encode("utf-16"), kind="csv")
    assert found.errors == []
    case = test_set.cases.last()
    assert (case.position, case.variables, case.expected, case.source) == (
        4,
        {"question": "Grüße?"},
        "Köln",
        "csv",
    )
    test_set.refresh_from_db()
    assert test_set.revision > revision


def test_cases_of_other_sets_are_left_alone(test_set):
    other = make_set(test_set.team, test_set.prompt, name="Other")
    assert remove_cases(test_set, other.cases.values_list("pk", flat=True), by=None) == 0
    add_cases(other, [Case(variables={"question": "x"})])
    assert other.cases.filter(removed_at=None).count() == 4
