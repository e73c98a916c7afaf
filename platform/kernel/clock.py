"""Time, taken in one place: wall time in UTC for records, a monotonic clock for durations."""

from datetime import UTC, datetime
from time import perf_counter

__all__ = ["elapsed_ms", "perf_counter", "utc_now"]


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def elapsed_ms(since: float) -> float:
    """Milliseconds since a reading of `perf_counter`."""
    return (perf_counter() - since) * 1000
