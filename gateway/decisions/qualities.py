"""How good models' answers were, from evaluations and feedback: by model, at a prompt, at a feature, and at all."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from gateway.catalogue.models import Model, ModelQuality
from governance.records.models import AuditRecord
from governance.reviews.models import Feedback
from prompts.evaluations.models import EvaluationResult

PAST = timedelta(days=90)
_PRIOR = 5.0
"""Answers' worth of the middle that a quality begins with: few answers say little."""
_AT_LEAST = 5
_MAX_ROWS = 200_000
_BATCH = 5000
_MIDDLE = 0.5

Judged = tuple[UUID, float]
"""A call, and how good its answer was, from 0 to 1."""


def measure_qualities(*, now: datetime) -> int:
    """Brings what is known up to date; how many qualities. What an admin set stays, and comes first."""
    since = now - PAST
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for batch in _batches([*_evaluated(since), *_fed_back(since)]):
        marks: dict[UUID, list[float]] = defaultdict(list)
        for call_id, mark in batch:
            marks[call_id].append(mark)
        records = AuditRecord.objects.filter(call_id__in=marks, started_at__gte=since - timedelta(days=1))
        for call_id, model, feature, prompt in records.values_list(
            "call_id", "model", "feature", "prompt_id"
        ):
            scopes = [
                "",
                *([f"feature:{feature}"] if feature else ()),
                *([f"prompt:{prompt}"] if prompt else ()),
            ]
            for scope in scopes:
                found = sums[model, scope]
                found[0] += sum(marks[call_id])
                found[1] += len(marks[call_id])
    return _keep(sums)


def _evaluated(since: datetime) -> Iterable[Judged]:
    """Answers of test runs: passed or not, or as the judges' scores say."""
    rows = EvaluationResult.objects.filter(
        is_done=True, finished_at__gte=since, verdict__in=("passed", "failed"), call_id__isnull=False
    )
    for call_id, verdict, outcomes in rows.order_by("-id").values_list("call_id", "verdict", "outcomes")[
        :_MAX_ROWS
    ]:
        scores = [
            float(each["score"])
            for each in outcomes
            if isinstance(each, dict)
            and each.get("kind") == "judge"
            and isinstance(each.get("score"), int | float)
        ]
        usable = [score for score in scores if 0 <= score <= 1]
        if call_id is not None:
            yield call_id, sum(usable) / len(usable) if usable else float(verdict == "passed")


def _fed_back(since: datetime) -> Iterable[Judged]:
    """What end users said."""
    rows = Feedback.objects.filter(updated_at__gte=since).order_by("-id")
    for call_id, helpful, score in rows.values_list("call_id", "helpful", "score")[:_MAX_ROWS]:
        yield call_id, float(bool(helpful)) if score is None else score


def _batches(judged: list[Judged]) -> Iterable[list[Judged]]:
    for begin in range(0, len(judged), _BATCH):
        yield judged[begin : begin + _BATCH]


@transaction.atomic
def _keep(sums: dict[tuple[str, str], list[float]]) -> int:
    models = dict(Model.objects.values_list("model_id", "pk"))
    rows = [
        ModelQuality(
            model_id=models[model],
            scope=scope[:220],
            score=(total + _PRIOR * _MIDDLE) / (number + _PRIOR),
            answers=round(number),
            source=ModelQuality.Source.MEASURED,
        )
        for (model, scope), (total, number) in sums.items()
        if model in models and number >= _AT_LEAST
    ]
    before = {
        (each.model_id, each.scope): each
        for each in ModelQuality.objects.filter(source=ModelQuality.Source.MEASURED)
    }
    changed = [
        row
        for row in rows
        if (known := before.pop((row.model_id, row.scope), None)) is None
        or abs(known.score - row.score) > 0.001
        or known.answers != row.answers
    ]
    ModelQuality.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=("model", "scope", "source"),
        update_fields=("score", "answers", "updated_at"),
    )
    if before:
        ModelQuality.objects.filter(pk__in=[each.pk for each in before.values()]).delete()
    return len(rows)
