"""Reading evaluations: how far they are, what they came to, and whether a version has passed what is required of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from kernel.money import format_usd
from prompts.evaluations.models import Evaluation, EvaluationResult, EvaluationState, TestSet
from prompts.evaluations.policy.flakiness import Flakiness, flakiness_of
from prompts.evaluations.policy.grid import Grid, Run, Weights, grid_of, summary_of
from prompts.registry.models import PromptVersion
from prompts.registry.policy.text_diff import Span, has_changes, text_diff
from prompts.registry.selectors.prompts import version_digest

_NO_CONTRACT = ("", "valid", "corrected")


def candidate_name(candidate: dict[str, Any]) -> str:
    """What people call a candidate."""
    model = candidate.get("model")
    return f"Version {candidate['version']} on {model}" if model else f"Version {candidate['version']}"


def candidate_names(evaluation: Evaluation) -> list[str]:
    """The candidates in their order."""
    return [candidate_name(each) for each in evaluation.candidates]


def progress_of(evaluation: Evaluation) -> dict[str, Any]:
    """How far it is, for a bar that looks again and again."""
    return {
        "state": evaluation.state,
        "state_text": evaluation.get_state_display(),
        "reason": evaluation.reason,
        "detail": evaluation.detail,
        "done": evaluation.done,
        "total": evaluation.total,
        "passed": evaluation.passed,
        "percent": round(evaluation.done * 100 / evaluation.total, 1) if evaluation.total else 0.0,
        "spent": format_usd(evaluation.spent_nanos),
        "cap": format_usd(evaluation.budget_nanos),
        "is_open": evaluation.is_open,
    }


def grid_for(evaluation: Evaluation, *, weights: Weights | None = None) -> Grid:
    """The decision grid of what is done so far."""
    rows: dict[int, list[Run]] = {place: [] for place in range(len(evaluation.candidates))}
    columns = ("candidate", "case_id", "verdict", "error", "contract", "duration_ms", "cost_nanos", "tokens")
    for place, case, verdict, error, contract, ms, cost, tokens in evaluation.results.filter(
        is_done=True
    ).values_list(*columns):
        rows[place].append(
            Run(
                case=case, passed=None if verdict == "unjudged" else verdict == "passed", has_answer=not error,
                is_contract_failure=contract not in _NO_CONTRACT, duration_ms=ms, cost_nanos=cost, tokens=tokens,
            )
        )  # fmt: skip
    names = candidate_names(evaluation)
    chosen = weights or msgspec.convert(evaluation.weights, Weights)
    return grid_of([summary_of(names[place], runs) for place, runs in rows.items()], chosen)


def flakiness_for(evaluation: Evaluation) -> Flakiness:
    """Which cases came out differently from repeat to repeat, each candidate for itself."""
    rows = evaluation.results.filter(is_done=True).values_list("case_id", "candidate", "verdict", "output")
    return flakiness_of(
        [
            ((case, place), None if verdict == "unjudged" else verdict == "passed", output)
            for case, place, verdict, output in rows
        ]
    )


def previous_run(evaluation: Evaluation) -> Evaluation | None:
    """The run of the same set before this one that has results."""
    rows = Evaluation.objects.filter(test_set=evaluation.test_set_id, pk__lt=evaluation.pk, done__gt=0)
    return rows.order_by("-id").first()


@dataclass(frozen=True, slots=True)
class ResultChange:
    """How a result differs from that of the run before: its verdict then, and the words."""

    verdict: str
    spans: list[Span]
    has_changes: bool


def changes_since(
    evaluation: Evaluation, previous: Evaluation | None, results: Sequence[EvaluationResult]
) -> dict[int, ResultChange]:
    """By the ids of results, what the run before had for the same case, candidate and repeat; nothing where it had none."""
    if previous is None:
        return {}
    places = {
        place: _counterpart(each, previous.candidates) for place, each in enumerate(evaluation.candidates)
    }
    keys = {result.case.key for result in results}
    found: dict[tuple[UUID, int, int], EvaluationResult] = {
        (row.case.key, row.candidate, row.repeat): row
        for row in previous.results.filter(case__key__in=keys, is_done=True).select_related("case")
    }
    changes = {}
    for result in results:
        before = found.get((result.case.key, places[result.candidate], result.repeat))
        if before is not None and result.is_done:
            spans = text_diff(before.output, result.output)
            changes[result.pk] = ResultChange(before.verdict, spans, has_changes(spans))
    return changes


def _counterpart(candidate: dict[str, Any], others: Sequence[dict[str, Any]]) -> int:
    """The candidate of another run that is the same, or has the same model, or is the first."""
    for names in (("version", "model"), ("model",)):
        for place, other in enumerate(others):
            if all(candidate.get(name) == other.get(name) for name in names):
                return place
    return 0


def results_of(
    evaluation: Evaluation, *, candidate: int | None = None, verdict: str = ""
) -> QuerySet[EvaluationResult]:
    """Results that are done, failures first, then what could not be judged."""
    order = Case(
        When(verdict="failed", then=Value(0)), When(verdict="unjudged", then=Value(1)), default=Value(2),
        output_field=IntegerField(),
    )  # fmt: skip
    wanted = Q(is_done=True)
    if candidate is not None:
        wanted &= Q(candidate=candidate)
    if verdict:
        wanted &= Q(verdict=verdict)
    rows = evaluation.results.filter(wanted).select_related("case")
    return rows.order_by(order, "case__position", "candidate", "repeat", "id")


# --- what is required of a version ---


def has_passed(evaluation: Evaluation, place: int) -> bool:
    """Whether so many of a candidate's answers passed as its test set asks for. What could not be judged did not."""
    rows = evaluation.results.filter(candidate=place)
    total, passed = rows.count(), rows.filter(verdict="passed").count()
    return bool(total) and passed * 100 >= evaluation.test_set.pass_percent * total


def last_run_on(test_set: TestSet, version: PromptVersion) -> tuple[Evaluation, int] | None:
    """The last run of a set on a version with its own model, and the version's place in it."""
    runs = Evaluation.objects.filter(
        test_set=test_set, candidates__contains=[{"version": version.number, "model": ""}]
    )
    evaluation = runs.order_by("-id").first()
    if evaluation is None:
        return None
    places = (
        n
        for n, each in enumerate(evaluation.candidates)
        if (each["version"], each["model"]) == (version.number, "")
    )
    return evaluation, next(places)


def required_tests_passed(version: PromptVersion) -> list[str]:
    """Why the version has not passed the tests required of it, a sentence for each set; empty: it has."""
    sets = TestSet.objects.filter(prompt=version.prompt_id, is_required=True).select_related("prompt")
    return [reason for test_set in sets if (reason := _why_not(test_set, version)) is not None]


def proposal_holds(version: PromptVersion) -> list[str]:
    """Why a proposed version can't be taken: a test set of its prompt does not hold, or there is none."""
    sets = [
        test_set
        for test_set in TestSet.objects.filter(prompt=version.prompt_id).select_related("prompt")
        if test_set.cases.filter(removed_at=None).exists()
    ]
    if not sets:
        return ["The prompt has no test set with cases: without one nothing shows that the proposal answers as well. Add one and run it on the draft."]  # fmt: skip
    return [
        reason for test_set in sets if (reason := _why_not(test_set, version, what="test set")) is not None
    ]


def _why_not(test_set: TestSet, version: PromptVersion, what: str = "required test set") -> str | None:
    name = f"The {what} “{test_set.name}”"
    found = last_run_on(test_set, version)
    if found is None:
        return f"{name} was never run on version {version.number}."
    evaluation, place = found
    if evaluation.candidates[place]["digest"] != version_digest(version):
        return f"{name} was run before version {version.number} was last changed. Run it again."
    if evaluation.set_revision != test_set.revision:
        return f"{name} has changed since it was run on version {version.number}. Run it again."
    if evaluation.state != EvaluationState.FINISHED:
        return f"The last run of the {what} “{test_set.name}” on version {version.number} is {evaluation.get_state_display().lower()}, not finished."  # fmt: skip
    if not has_passed(evaluation, place):
        return f"{name} did not pass on version {version.number} (run {evaluation.pk}): {test_set.pass_percent} % of its answers must pass."  # fmt: skip
    return None
