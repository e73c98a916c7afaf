"""PURE: whether the workers and their clock are alive, by when each queue was last worked on."""

from collections.abc import Mapping
from datetime import datetime, timedelta

PULSE_SECONDS = 15.0
_SILENT = timedelta(seconds=6 * PULSE_SECONDS)


def silent_queues(
    pulses: Mapping[str, datetime], queues: tuple[str, ...], *, now: datetime
) -> tuple[str, ...]:
    """The queues that nobody works on. All of them: the clock (beat) is away, or every worker is."""
    return tuple(queue for queue in queues if queue not in pulses or now - pulses[queue] > _SILENT)


def told(silent: tuple[str, ...], queues: tuple[str, ...]) -> str:
    """What an operator is to know and do; empty where all is well."""
    if not silent:
        return ""
    if len(silent) == len(queues):
        return "No background work is done: is Celery's beat running, and a worker?"
    return f"Nobody works on: {', '.join(silent)}. Start a Celery worker with -Q {','.join(silent)}."
