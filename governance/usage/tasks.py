"""Periodic work of usage."""

from celery import shared_task

from governance.usage.services import rollups, tips
from kernel.clock import utc_now


@shared_task(name="governance.tasks.roll_up")  # type: ignore[untyped-decorator]
def roll_up() -> int:
    """Takes the calls that ended since into the sums of usage."""
    return rollups.roll_up()


@shared_task(name="governance.tasks.find_tips")  # type: ignore[untyped-decorator]
def find_tips() -> int:
    """Looks for what would save teams money."""
    return tips.find_tips(now=utc_now())
