"""Evaluations are started, cancelled and resumed here; `evaluation_runner` runs them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from kernel.errors import ConflictError
from kernel.queueing import queue_on_commit
from prompts.evaluations.models import Evaluation, EvaluationCall, EvaluationResult, EvaluationState, TestSet
from prompts.evaluations.policy.assertions import BadAssertionError, Judge, decode_assertions
from prompts.evaluations.policy.grid import BadWeightsError, Weights
from prompts.registry.models import Prompt, PromptVersion
from prompts.registry.selectors.prompts import version_digest

RUN_TASK = "prompts.tasks.run_evaluation"
"""By its name, because the task runs what is here."""
MAX_RUNS = 20_000
MAX_CANDIDATES = 12
MAX_REPEATS = 50
MAX_AT_ONCE = 16


class ImpossibleRunError(ConflictError):
    """An evaluation that can't be started or go on. The message says why, for people."""

    code = "impossible_run"


@transaction.atomic
def start(
    test_set: TestSet, *, candidates: Sequence[dict[str, Any]], budget_nanos: int, by: User, repeats: int = 1,
    weights: dict[str, float] | None = None, concurrency: int = 4,
) -> Evaluation:  # fmt: skip
    """Queues a run of the set over candidates {version, model}. Raises ImpossibleRunError."""
    test_set = TestSet.objects.select_for_update().get(pk=test_set.pk)
    cases = dict(test_set.cases.filter(removed_at=None).values_list("pk", "assertions"))
    chosen = _candidates(test_set, candidates)
    runs = len(cases) * len(chosen) * repeats
    _check(test_set, runs=runs, repeats=repeats, concurrency=concurrency, budget_nanos=budget_nanos)
    evaluation = Evaluation.objects.create(
        test_set=test_set, candidates=chosen, judges=_judges(test_set, cases.values()), repeats=repeats, weights=_weights(weights), budget_nanos=budget_nanos,
        concurrency=concurrency, set_revision=test_set.revision, total=runs, started_by=by,
    )  # fmt: skip
    EvaluationResult.objects.bulk_create(
        (
            EvaluationResult(evaluation=evaluation, case_id=case, candidate=candidate, repeat=repeat)
            for repeat in range(repeats)
            for case in cases
            for candidate in range(len(chosen))
        ),
        batch_size=1000,
    )
    _wake(evaluation)
    return evaluation


def _check(test_set: TestSet, *, runs: int, repeats: int, concurrency: int, budget_nanos: int) -> None:
    if not 1 <= repeats <= MAX_REPEATS:
        raise ImpossibleRunError(f"Each case is run once to {MAX_REPEATS} times.")
    if not runs:
        raise ImpossibleRunError("The test set has no cases yet. Add some first.")
    if runs > MAX_RUNS:
        raise ImpossibleRunError(
            f"This comes to {runs:,} answers: at most {MAX_RUNS:,} are taken in one run."
        )
    if not 1 <= concurrency <= MAX_AT_ONCE:
        raise ImpossibleRunError(f"From 1 to {MAX_AT_ONCE} calls are made at once.")
    if budget_nanos <= 0:
        raise ImpossibleRunError("Set what the run may cost: more than $0.")
    prompt = test_set.prompt
    if not prompt.is_enabled or prompt.archived_at is not None:
        raise ImpossibleRunError(
            "The prompt is switched off or archived: every answer would be the fallback."
        )


def _judges(test_set: TestSet, of_cases: Iterable[Any]) -> dict[str, int]:
    """The prompts that judges' names mean now, by name: the team's own before a shared one, for all of the run."""
    names: set[str] = set()
    for what, raw in [("test set", test_set.assertions), *(("case", each) for each in of_cases)]:
        try:
            names |= {each.prompt for each in decode_assertions(raw) if isinstance(each, Judge)}
        except BadAssertionError as error:
            raise ImpossibleRunError(f"The assertions of the {what}: {error}") from error
    meant = Prompt.objects.filter(
        Q(team=test_set.team_id) | Q(team=None), name__in=names, archived_at=None
    ).order_by(F("team").asc(nulls_first=True))
    return dict(meant.values_list("name", "pk")) if names else {}


def _weights(weights: dict[str, float] | None) -> dict[str, float]:
    try:
        return dict(msgspec.to_builtins(msgspec.convert(weights or {}, Weights)))
    except (BadWeightsError, msgspec.ValidationError) as error:
        raise ImpossibleRunError(str(error)) from error


def _candidates(test_set: TestSet, wanted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The candidates with digests of what their versions say now."""
    if not 1 <= len(wanted) <= MAX_CANDIDATES:
        raise ImpossibleRunError(f"Choose 1 to {MAX_CANDIDATES} versions or models.")
    found = []
    for each in wanted:
        version = PromptVersion.objects.filter(prompt=test_set.prompt_id, number=each["version"]).first()
        if version is None:
            raise ImpossibleRunError(f"The prompt has no version {each['version']}.")
        candidate = {
            "version": version.number,
            "model": each.get("model") or "",
            "digest": version_digest(version),
        }
        if candidate in found:
            raise ImpossibleRunError(f"Version {version.number} is chosen twice with the same model.")
        found.append(candidate)
    return found


def cancel(evaluation: Evaluation) -> None:
    """Asks a run to stop: no call is begun from now on. Raises ImpossibleRunError where it has ended."""
    changed = Evaluation.objects.filter(
        pk=evaluation.pk, state__in=(EvaluationState.QUEUED, EvaluationState.RUNNING)
    ).update(is_cancel_requested=True)
    if not changed:
        raise ImpossibleRunError("This run has ended already.")
    _wake(evaluation)


@transaction.atomic
def resume(evaluation: Evaluation, *, budget_nanos: int | None = None) -> None:
    """Goes on where it stopped, with a higher cap if one is given. What is done is not done again. Raises ImpossibleRunError."""
    evaluation = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    if not evaluation.is_resumable:
        raise ImpossibleRunError("Only a run that has stopped can be resumed, and not one whose cases or versions were changed.")  # fmt: skip
    cap = evaluation.budget_nanos if budget_nanos is None else budget_nanos
    if cap < evaluation.budget_nanos:
        raise ImpossibleRunError("The cap can be raised, not lowered.")
    Evaluation.objects.filter(pk=evaluation.pk).update(
        state=EvaluationState.QUEUED, reason="", detail="", is_cancel_requested=False, finished_at=None,
        budget_nanos=cap, not_before=None,
    )  # fmt: skip
    # What was refused too often has its attempts again; names of attempts are never used twice.
    EvaluationCall.objects.filter(
        result__evaluation=evaluation.pk, state=EvaluationCall.State.WAITING
    ).update(retry_at=None)
    _wake(evaluation)


def delete(evaluation: Evaluation) -> None:
    """Deletes a run that has ended, with its results. What it cost stays on the record. Raises ImpossibleRunError."""
    if evaluation.is_open:
        raise ImpossibleRunError("Cancel the run first.")
    evaluation.delete()


def _wake(evaluation: Evaluation) -> None:
    queue_on_commit(RUN_TASK, evaluation.pk, robust=True)  # or it is woken by time
