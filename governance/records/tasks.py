"""Periodic work of records."""

from datetime import timedelta

from accounts.services.sign_ins import drop_old
from governance.records.models import UnknownCaller
from governance.records.services import bodies, body_index, idempotency_store, partitions, response_store
from kernel.background import app
from kernel.clock import utc_now

UNKNOWN_CALLERS_DAYS = 30


@app.task(name="governance.tasks.drop_bodies")  # type: ignore[untyped-decorator]
def drop_bodies() -> int:
    """Lets go of bodies that are outside the sample, when their time is over."""
    return bodies.drop_due(now=utc_now())


@app.task(name="governance.tasks.index_bodies")  # type: ignore[untyped-decorator]
def index_bodies() -> int:
    """Makes the bodies written since the last time findable by their words."""
    return body_index.index_new_bodies(seconds=20)


@app.task(name="governance.tasks.make_partitions")  # type: ignore[untyped-decorator]
def make_partitions() -> int:
    """Makes the partitions of the months to come; how many calls are in none."""
    return partitions.tend(now=utc_now())


@app.task(name="governance.tasks.analyze_partitions")  # type: ignore[untyped-decorator]
def analyze_partitions() -> None:
    """Brings up to date what Postgres' planner knows of all months together."""
    partitions.analyze()


@app.task(name="governance.tasks.drop_unknown_callers")  # type: ignore[untyped-decorator]
def drop_unknown_callers() -> int:
    """Deletes what was counted of callers without a valid key when it is a month old."""
    before = utc_now() - timedelta(days=UNKNOWN_CALLERS_DAYS)
    return UnknownCaller.objects.filter(minute__lt=before).delete()[0]


@app.task(name="governance.tasks.drop_sign_ins")  # type: ignore[untyped-decorator]
def drop_sign_ins() -> int:
    """Deletes what is old of sign-ins, of attempts and of their counts."""
    return drop_old()


@app.task(name="governance.tasks.drop_responses")  # type: ignore[untyped-decorator]
def drop_responses() -> int:
    """Deletes stored responses when their time is over."""
    return response_store.drop_expired(now=utc_now())


@app.task(name="governance.tasks.drop_idempotent_calls")  # type: ignore[untyped-decorator]
def drop_idempotent_calls() -> int:
    """Deletes idempotency keys, and the answers kept for them, when their time is over."""
    return idempotency_store.drop_expired(now=utc_now())
