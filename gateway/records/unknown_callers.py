"""Calls without a valid key: counted by address and minute, with a sample of each, and limited by address."""

import logging
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar

import orjson

from gateway.records.writer import Writer
from kernel.addresses import OTHERS
from kernel.postgres_pool import PostgresPool

logger = logging.getLogger(__name__)

_MAX_ADDRESSES = 2_000
"""Told apart by a process in a minute; the rest are counted as one."""
_MAX_WAITING = 20_000
"""Addresses by minute that wait for Postgres."""
_NOTE = "SELECT gatehouse_note_unknown_callers(%s)"


@dataclass(frozen=True, slots=True)
class Knock:
    """What is kept of one such call: nothing that its sender could have made up."""

    code: str
    path: str
    """The address as a pattern, such as `/v1/chat/completions`."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    counts: Counter[tuple[datetime, str]]
    samples: dict[tuple[datetime, str], Knock]


class UnknownCallers(Writer):
    """Of this process. Postgres keeps ten rows a minute at most for all processes together (governance/records/sql)."""

    what: ClassVar[str] = "calls without a valid key"

    def __init__(self, pool: PostgresPool, *, most_per_minute: int) -> None:
        super().__init__(pool)
        self._most = most_per_minute
        self._minute: datetime | None = None
        self._counts: Counter[str] = Counter()
        self._new: Counter[tuple[datetime, str]] = Counter()
        self._samples: dict[tuple[datetime, str], Knock] = {}

    def note(self, address: str, now: datetime, knock: Knock) -> bool:
        """Counts one; whether the address may still be answered in this minute."""
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._counts = minute, Counter()
        if address not in self._counts and len(self._counts) >= _MAX_ADDRESSES:
            address = OTHERS
        self._counts[address] += 1
        self._new[minute, address] += 1
        self._samples.setdefault((minute, address), knock)
        return not self._most or self._counts[address] <= self._most

    def _take(self) -> _Waiting | None:
        waiting = _Waiting(self._new, self._samples)
        self._new, self._samples = Counter(), {}
        return waiting if waiting.counts else None

    def _give_back(self, taken: _Waiting) -> None:
        if len(taken.counts) > _MAX_WAITING:
            logger.error("%d addresses without a valid key are not put on record", len(taken.counts))
            return
        self._new.update(taken.counts)
        self._samples = taken.samples | self._samples

    async def _write(self, taken: _Waiting) -> None:
        items = [
            {
                "minute": minute,
                "address": address,
                "calls": calls,
                "sample": asdict(taken.samples[minute, address]),
            }
            for (minute, address), calls in taken.counts.most_common()
        ]
        async with self._pool.connection() as connection:
            await connection.execute(_NOTE, (orjson.dumps(items).decode(),))
