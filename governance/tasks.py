"""Periodic work of governance."""

from celery import shared_task

from governance.services import holds, rollups


@shared_task(name="governance.tasks.expire_holds")  # type: ignore[untyped-decorator]
def expire_holds() -> int:
    """Expires the holds of calls whose process died."""
    return holds.expire_holds()


@shared_task(name="governance.tasks.roll_up")  # type: ignore[untyped-decorator]
def roll_up() -> int:
    """Takes the calls that ended since into the sums of usage."""
    return rollups.roll_up()
