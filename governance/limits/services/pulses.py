"""When queues of background work were last worked on."""

from datetime import datetime

from governance.limits.models import WorkerPulse
from governance.limits.policy.pulses import silent_queues, told
from kernel.background_queues import QUEUES
from kernel.clock import utc_now
from kernel.deadlines import within
from kernel.postgres_pool import PostgresAwayError, PostgresPool


def note_pulse(queue: str, *, now: datetime) -> None:
    """Notes that somebody works on a queue."""
    WorkerPulse.objects.update_or_create(queue=queue, defaults={"at": now})


def what_is_silent(*, now: datetime) -> str:
    """What an operator is to know of background work; empty where all is well."""
    pulses = dict(WorkerPulse.objects.values_list("queue", "at"))
    return told(silent_queues(pulses, QUEUES, now=now), QUEUES)


class BackgroundWatch:
    """The same for the event loop: no ORM, no thread."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._seen: dict[str, datetime] = {}

    def ages(self) -> dict[str, float]:
        """Seconds since somebody last worked on each queue, as far as was read."""
        now = utc_now()
        return {queue: max(0.0, (now - at).total_seconds()) for queue, at in self._seen.items()}

    async def what_is_silent(self, timeout_seconds: float) -> str:
        """What an operator is to know of background work; empty where all is well, or nothing can be read."""
        try:
            pulses = await within(timeout_seconds, self._pulses())
        except (PostgresAwayError, TimeoutError):
            return ""
        self._seen = pulses
        return told(silent_queues(pulses, QUEUES, now=utc_now()), QUEUES)

    async def _pulses(self) -> dict[str, datetime]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT queue, at FROM governance_workerpulse")
            return dict(await cursor.fetchall())
