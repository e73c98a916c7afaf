"""Periodic work of records."""

from governance.records.services import bodies, body_index
from kernel.background import app
from kernel.clock import utc_now


@app.task(name="governance.tasks.drop_bodies")  # type: ignore[untyped-decorator]
def drop_bodies() -> int:
    """Lets go of bodies that are outside the sample, when their time is over."""
    return bodies.drop_due(now=utc_now())


@app.task(name="governance.tasks.index_bodies")  # type: ignore[untyped-decorator]
def index_bodies() -> int:
    """Makes the bodies written since the last time findable by their words."""
    return body_index.index_bodies(seconds=20)
