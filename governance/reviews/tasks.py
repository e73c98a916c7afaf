"""Periodic work of reviews."""

from governance.reviews.services import feedback
from kernel.background import app
from kernel.clock import utc_now


@app.task(name="governance.tasks.keep_bodies")  # type: ignore[untyped-decorator]
def keep_bodies() -> int:
    """Marks the bodies of calls that somebody found not helpful to stay."""
    return feedback.keep_marked_bodies(now=utc_now())
