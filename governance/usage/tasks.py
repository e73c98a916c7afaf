"""Periodic work of usage."""

from governance.usage.services import rollups, tips
from kernel.background import app
from kernel.clock import utc_now


@app.task(name="governance.tasks.roll_up")  # type: ignore[untyped-decorator]
def roll_up() -> int:
    """Takes the calls that ended since into the sums of usage."""
    return rollups.roll_up_calls()


@app.task(name="governance.tasks.find_tips")  # type: ignore[untyped-decorator]
def find_tips() -> int:
    """Looks for what would save teams money."""
    return tips.refresh_tips(now=utc_now())
