"""Periodic work of prompts."""

from celery import shared_task

from kernel.clock import utc_now
from prompts.services import experiments, rollouts


@shared_task(name="prompts.tasks.watch_rollouts")  # type: ignore[untyped-decorator]
def watch_rollouts() -> int:
    """Advances, pauses, rolls back and completes rollouts by their figures."""
    return rollouts.check_due(now=utc_now())


@shared_task(name="prompts.tasks.watch_experiments")  # type: ignore[untyped-decorator]
def watch_experiments() -> int:
    """Tells people of experiments that have a result."""
    return experiments.check_due(now=utc_now())
