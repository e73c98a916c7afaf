"""Periodic work of limits."""

from governance.limits.services import ledger_repair as holds
from governance.limits.services import limit_requests
from governance.limits.services.pulses import note_pulse
from kernel.background import app
from kernel.clock import utc_now


@app.task(name="governance.tasks.expire_holds")  # type: ignore[untyped-decorator]
def expire_holds() -> int:
    """Expires the holds of calls whose process died."""
    return holds.expire_due_holds(second_look_seconds=holds.SECOND_LOOK_SECONDS)


@app.task(name="governance.tasks.expire_requests")  # type: ignore[untyped-decorator]
def expire_requests() -> int:
    """Closes the requests that nobody has decided on before their end."""
    return limit_requests.expire(now=utc_now())


@app.task(name="governance.tasks.pulse")  # type: ignore[untyped-decorator]
def pulse(queue: str) -> None:
    """Notes that a queue is worked on."""
    note_pulse(queue, now=utc_now())
