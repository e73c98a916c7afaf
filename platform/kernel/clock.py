"""Time, taken in one place: Postgres' wall time in UTC for whatever is recorded, charged, ended or deleted, and a monotonic clock
for durations.

A process that has asked Postgres for the time (`follow`) counts on from its answer: a clock of the host that is wrong, or jumps,
changes nothing. Until then it is the host's.
"""

from datetime import UTC, datetime, timedelta
from time import perf_counter

__all__ = ["elapsed_ms", "follow", "host_now", "perf_counter", "skew_seconds", "utc_now"]

WARN_SECONDS, WRONG_SECONDS = 5.0, 120.0
"""How far off a host's clock is said to be wrong; and from when on its process takes no calls, as others may go by that clock."""

_MAX_ROUND_TRIP = 1.0

_anchor: tuple[datetime, float] | None = None


def utc_now() -> datetime:
    """The current time, aware, in UTC: Postgres', where this process knows it."""
    if _anchor is None:
        return datetime.now(UTC)
    return _anchor[0] + timedelta(seconds=perf_counter() - _anchor[1])


def host_now() -> datetime:
    """What this host takes for the current time."""
    return datetime.now(UTC)


def follow(moment: datetime, *, asked_at: float) -> None:
    """Goes by Postgres' time from now on: `moment` is its answer to a question asked at this reading of `perf_counter`.

    An answer that took long says little: when in that time Postgres looked at its clock is not known.
    """
    global _anchor
    told_at = perf_counter()
    if _anchor is None or told_at - asked_at <= _MAX_ROUND_TRIP:
        _anchor = (moment.astimezone(UTC), (asked_at + told_at) / 2)


def is_known_since(seconds: float) -> bool:
    """Whether Postgres was asked for the time within so many seconds."""
    return _anchor is not None and perf_counter() - _anchor[1] <= seconds


def skew_seconds() -> float:
    """How far the host's clock is ahead of Postgres' (below 0: behind it); 0 where Postgres' is not known."""
    return 0.0 if _anchor is None else (datetime.now(UTC) - utc_now()).total_seconds()


def elapsed_ms(since: float) -> float:
    """Milliseconds since a reading of `perf_counter`."""
    return (perf_counter() - since) * 1000
