"""Calls without a valid key: counted by address and minute, with a sample of each, and limited by address."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
from psycopg_pool import AsyncConnectionPool

from gateway.records.writer import Writer
from kernel.addresses import OTHERS

_MAX_ADDRESSES = 2_000
"""Told apart by a process in a minute; the rest are counted as one."""
_NOTE = "SELECT gatehouse_note_unknown_callers(%s)"


@dataclass(frozen=True, slots=True)
class Knock:
    """What is kept of one such call: nothing that its sender could have made up."""

    code: str
    path: str
    """The address as a pattern, such as `/v1/chat/completions`."""


class UnknownCallers(Writer):
    """Of this process. Postgres keeps ten rows a minute at most for all processes together (governance/records/sql)."""

    what: ClassVar[str] = "calls without a valid key were"

    def __init__(self, pool: AsyncConnectionPool[Any], *, most_per_minute: int) -> None:
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

    async def _write(self) -> None:
        new, samples = self._new, self._samples
        self._new, self._samples = Counter(), {}
        if not new:
            return
        items = [
            {"minute": minute, "address": address, "calls": calls, "sample": asdict(samples[minute, address])}
            for (minute, address), calls in new.most_common()
        ]
        async with self._pool.connection() as connection:
            await connection.execute(_NOTE, (orjson.dumps(items).decode(),))
