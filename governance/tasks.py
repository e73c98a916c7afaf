"""Periodic work of governance."""

from celery import shared_task

from governance.services import holds


@shared_task(name="governance.tasks.expire_holds")  # type: ignore[untyped-decorator]
def expire_holds() -> int:
    """Expires the holds of calls whose process died."""
    return holds.expire_holds()
