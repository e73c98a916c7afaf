"""Runs of evaluations, some seconds at a time."""

from django.db.models import Q

from kernel.background import app
from kernel.clock import utc_now
from prompts.evaluations.models import Evaluation, EvaluationState
from prompts.evaluations.services.evaluations import RUN_TASK
from prompts.evaluations.services.runner import run_for

SECONDS_AT_A_TIME = 20.0
"""Then other tasks have their turn: a worker may have one process."""


@app.task(name=RUN_TASK)  # type: ignore[untyped-decorator]
def run_evaluation(evaluation_id: int) -> None:
    """Goes on with an evaluation for some seconds, and then in another task."""
    if run_for(evaluation_id, seconds=SECONDS_AT_A_TIME):
        run_evaluation.delay(evaluation_id)


@app.task(name="prompts.tasks.resume_evaluations")  # type: ignore[untyped-decorator]
def resume_evaluations() -> int:
    """Wakes evaluations that wait, or whose worker has died; how many."""
    now = utc_now()
    free = (Q(lease_until=None) | Q(lease_until__lt=now)) & (Q(not_before=None) | Q(not_before__lte=now))
    rows = Evaluation.objects.filter(free, state__in=(EvaluationState.QUEUED, EvaluationState.RUNNING))
    ids = list(rows.values_list("pk", flat=True)[:100])
    for evaluation_id in ids:
        run_evaluation.delay(evaluation_id)
    return len(ids)
