"""Periodic work of governance."""

from smtplib import SMTPException
from uuid import UUID

from celery import shared_task

from governance.alerts.services import alerts, deliveries
from governance.limits.services import holds, limit_requests
from governance.records.services import bodies, body_index, partitions
from governance.reviews.services import feedback
from governance.usage.services import rollups, tips
from kernel.clock import utc_now
from kernel.mail import send_now


@shared_task(name="governance.tasks.expire_holds")  # type: ignore[untyped-decorator]
def expire_holds() -> int:
    """Expires the holds of calls whose process died."""
    return holds.expire_holds()


@shared_task(name="governance.tasks.roll_up")  # type: ignore[untyped-decorator]
def roll_up() -> int:
    """Takes the calls that ended since into the sums of usage."""
    return rollups.roll_up()


@shared_task(name="governance.tasks.expire_requests")  # type: ignore[untyped-decorator]
def expire_requests() -> int:
    """Closes the requests that nobody has decided on before their end."""
    return limit_requests.expire(now=utc_now())


@shared_task(  # type: ignore[untyped-decorator]
    name="governance.tasks.mail",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=10,
    retry_backoff_max=3600,
    retry_jitter=True,
    max_retries=12,
)
def mail(address: str, subject: str, text: str) -> None:
    """Sends one mail; tried again for some hours."""
    send_now(address, subject, text)


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


@shared_task(name="governance.tasks.find_tips")  # type: ignore[untyped-decorator]
def find_tips() -> int:
    """Looks for what would save teams money."""
    return tips.find_tips(now=utc_now())


@shared_task(name="governance.tasks.drop_bodies")  # type: ignore[untyped-decorator]
def drop_bodies() -> int:
    """Lets go of bodies that are outside the sample, when their time is over."""
    return bodies.drop_due(now=utc_now())


@shared_task(name="governance.tasks.make_partitions")  # type: ignore[untyped-decorator]
def make_partitions() -> int:
    """Makes the partitions of the months to come; how many calls are in none."""
    return partitions.tend(now=utc_now())


@shared_task(name="governance.tasks.analyze_partitions")  # type: ignore[untyped-decorator]
def analyze_partitions() -> None:
    """Brings up to date what Postgres' planner knows of all months together."""
    partitions.analyze()


@shared_task(name="governance.tasks.index_bodies")  # type: ignore[untyped-decorator]
def index_bodies() -> int:
    """Makes the bodies written since the last time findable by their words."""
    return body_index.index_bodies(seconds=20)


@shared_task(name="governance.tasks.keep_bodies")  # type: ignore[untyped-decorator]
def keep_bodies() -> int:
    """Marks the bodies of calls that somebody found not helpful to stay."""
    return feedback.keep_bodies(now=utc_now())
