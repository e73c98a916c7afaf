"""Periodic work of limits."""

from celery import shared_task

from governance.limits.services import holds, limit_requests
from kernel.clock import utc_now


@shared_task(name="governance.tasks.expire_holds")  # type: ignore[untyped-decorator]
def expire_holds() -> int:
    """Expires the holds of calls whose process died."""
    return holds.expire_holds()


@shared_task(name="governance.tasks.expire_requests")  # type: ignore[untyped-decorator]
def expire_requests() -> int:
    """Closes the requests that nobody has decided on before their end."""
    return limit_requests.expire(now=utc_now())
