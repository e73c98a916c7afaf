"""Periodic work of alerts."""

from smtplib import SMTPException
from uuid import UUID

from governance.alerts.services import alerts, deliveries
from kernel.background import app
from kernel.clock import utc_now
from kernel.mail import TASK, send_now


@app.task(name="governance.tasks.alert")  # type: ignore[untyped-decorator]
def alert() -> int:
    """Alerts on budgets that have reached a threshold, and sets off the deliveries that are due."""
    found = alerts.scan(now=utc_now())
    for delivery_id in deliveries.due(now=utc_now()):
        deliver.delay(str(delivery_id))
    return found


@app.task(name="governance.tasks.alert_on_forecasts")  # type: ignore[untyped-decorator]
def alert_on_forecasts() -> int:
    """Alerts on budgets that will run out before their period ends."""
    return alerts.scan_forecasts(now=utc_now())


@app.task(name="governance.tasks.alert_on_unfiled_calls")  # type: ignore[untyped-decorator]
def alert_on_unfiled_calls() -> int:
    """Alerts on calls that are in no month's partition."""
    return alerts.alert_on_unfiled_calls(now=utc_now())


@app.task(name="governance.tasks.deliver")  # type: ignore[untyped-decorator]
def deliver(delivery_id: str) -> bool:
    """One attempt at a delivery. The next is set off by its time in the database, which outlives any queue."""
    try:
        return deliveries.attempt(UUID(delivery_id), now=utc_now())
    except deliveries.TeamBusyError:
        return False  # it is due still, and comes again within seconds


@app.task(  # type: ignore[untyped-decorator]
    name=TASK,
    autoretry_for=(OSError, SMTPException),
    retry_backoff=10,
    retry_backoff_max=3600,
    retry_jitter=True,
    max_retries=12,
)
def mail(address: str, subject: str, text: str) -> None:
    """Sends one mail; tried again for some hours."""
    send_now(address, subject, text)
