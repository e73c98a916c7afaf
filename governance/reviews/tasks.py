"""Periodic work of reviews."""

from celery import shared_task

from governance.reviews.services import feedback
from kernel.clock import utc_now


@shared_task(name="governance.tasks.keep_bodies")  # type: ignore[untyped-decorator]
def keep_bodies() -> int:
    """Marks the bodies of calls that somebody found not helpful to stay."""
    return feedback.keep_bodies(now=utc_now())
