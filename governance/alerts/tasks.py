"""Periodic work of alerts."""

from uuid import UUID

from celery import shared_task

from governance.alerts.services import alerts, deliveries
from kernel.clock import utc_now


@shared_task(name="governance.tasks.alert")  # type: ignore[untyped-decorator]
def alert() -> int:
    """Alerts on budgets that have reached a threshold, and sets off the deliveries that are due."""
    found = alerts.scan(now=utc_now())
    for delivery_id in deliveries.due(now=utc_now()):
        deliver.delay(str(delivery_id))
    return found


@shared_task(name="governance.tasks.alert_on_forecasts")  # type: ignore[untyped-decorator]
def alert_on_forecasts() -> int:
    """Alerts on budgets that will run out before their period ends."""
    return alerts.scan_forecasts(now=utc_now())


@shared_task(name="governance.tasks.deliver")  # type: ignore[untyped-decorator]
def deliver(delivery_id: str) -> bool:
    """One attempt at a delivery. The next is set off by its time in the database, which outlives any queue."""
    return deliveries.attempt(UUID(delivery_id), now=utc_now())
