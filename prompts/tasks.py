"""Periodic work of prompts."""

from django.db.models import Q

from kernel.background import app
from kernel.clock import utc_now
from prompts.evaluations.models import Evaluation, EvaluationState
from prompts.evaluations.services.runner import run_for
from prompts.knowledge.services import indexes as knowledge_indexes
from prompts.knowledge.services import indexing as knowledge_indexing
from prompts.rollout.services import experiments, rollouts, service_contracts

SECONDS_AT_A_TIME = 20.0
"""Then other tasks have their turn: a worker may have one process."""


@app.task(name="prompts.tasks.watch_rollouts")  # type: ignore[untyped-decorator]
def watch_rollouts() -> int:
    """Advances, pauses, rolls back and completes rollouts by their figures."""
    return rollouts.check_due(now=utc_now())


@app.task(name="prompts.tasks.watch_experiments")  # type: ignore[untyped-decorator]
def watch_experiments() -> int:
    """Tells people of experiments that have a result."""
    return experiments.check_due(now=utc_now())


@app.task(name="prompts.tasks.run_evaluation")  # type: ignore[untyped-decorator]
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


@app.task(name="prompts.tasks.watch_contracts")  # type: ignore[untyped-decorator]
def watch_contracts() -> int:
    """Looks whether prompts keep what they promise; how many promises are broken."""
    return service_contracts.watch(now=utc_now())


SECONDS_OF_INDEXING = 15.0
"""Then other tasks have their turn: holds want to expire meanwhile."""


@app.task(name="prompts.tasks.index_documents")  # type: ignore[untyped-decorator]
def index_documents() -> int:
    """Works on the documents that wait to be indexed; on how many."""
    return knowledge_indexing.index_some(seconds=SECONDS_OF_INDEXING)


@app.task(name="prompts.tasks.tend_bases")  # type: ignore[untyped-decorator]
def tend_bases() -> int:
    """Gives search indexes to bases that have become large."""
    return knowledge_indexes.tend_bases()
