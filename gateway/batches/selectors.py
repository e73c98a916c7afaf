"""What people see of batches."""

from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from gateway.batches.models import Batch
from gateway.jobs.models import Job

_OPEN = (Batch.State.VALIDATING, Batch.State.IN_PROGRESS, Batch.State.FINALIZING, Batch.State.CANCELLING)

_WHOLE = BigIntegerField()


def with_figures(batches: "QuerySet[Any]") -> "QuerySet[Any]":
    """Batches with `done`, `lost` and `cost` as they are now: of one that has not ended, by its jobs."""
    jobs = Job.objects.filter(batch=OuterRef("pk")).order_by().values("batch")

    def now(of_jobs: Any, ended: Any) -> Any:
        found = Subquery(jobs.annotate(number=of_jobs).values("number"), output_field=_WHOLE)
        live = Coalesce(found, Value(0), output_field=_WHOLE)
        return Case(When(state__in=_OPEN, then=live), default=ended, output_field=_WHOLE)

    found: QuerySet[Any] = batches.annotate(
        done=now(Count("pk", filter=Q(state=Job.State.SUCCEEDED)), F("completed")),
        lost=now(Count("pk", filter=Q(state__in=(Job.State.FAILED, Job.State.DEAD))), F("failed")),
        cost=now(Sum("cost_nanos"), F("cost_nanos")),
    )
    return found
