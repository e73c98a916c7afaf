"""What came of looking in the cache, counted until it is written; and how often each entry served."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from gateway.records.writer import Writer
from kernel.postgres_pool import PostgresPool

# In one order, so that gateways do not lock each other out; a team may have been deleted meanwhile.
_ADD = """
    INSERT INTO gateway_cacheuse AS u (team_id, day, route, prompt, outcome, number, saved_nanos)
    SELECT x.team_id, x.day, x.route, x.prompt, x.outcome, x.number, x.saved
    FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
        AS x(team_id, day, route, prompt, outcome, number, saved)
    JOIN accounts_team t ON t.id = x.team_id
    ORDER BY x.team_id, x.day, x.route, x.prompt, x.outcome
    ON CONFLICT (team_id, day, route, prompt, outcome) DO UPDATE SET
        number = u.number + excluded.number, saved_nanos = u.saved_nanos + excluded.saved_nanos"""
_SERVED = """
    UPDATE gateway_cacheentry e SET hits = e.hits + x.hits, last_hit_at = now()
    FROM (SELECT e.id, x.hits FROM unnest(%s::bigint[], %s::bigint[]) AS x(id, hits)
        JOIN gateway_cacheentry e ON e.id = x.id ORDER BY e.id FOR UPDATE OF e) AS x
    WHERE e.id = x.id"""

Where = tuple[int, date, str, str, str]
"""Team, day, route, prompt and outcome. The day is the call's, of UTC: it is written later, long after where Postgres was away."""


@dataclass(slots=True)
class _Counts:
    numbers: Counter[Where] = field(default_factory=Counter)
    saved: defaultdict[Where, int] = field(default_factory=lambda: defaultdict(int))
    hits: Counter[int] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.numbers)


class CacheUses(Writer):
    """Of this process."""

    what: ClassVar[str] = "uses of the cache"

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self._counts = _Counts()

    def note(self, where: Where, *, saved_nanos: int = 0, entry_id: int = 0) -> None:
        self._counts.numbers[where] += 1
        if saved_nanos:
            self._counts.saved[where] += saved_nanos
        if entry_id:
            self._counts.hits[entry_id] += 1

    def _take(self) -> _Counts:
        counts, self._counts = self._counts, _Counts()
        return counts

    def _give_back(self, taken: _Counts) -> None:
        self._counts.numbers.update(taken.numbers)
        self._counts.hits.update(taken.hits)
        for where, nanos in taken.saved.items():
            self._counts.saved[where] += nanos

    async def _write(self, taken: _Counts) -> None:
        rows = [(*where, number, taken.saved.get(where, 0)) for where, number in taken.numbers.items()]
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_ADD, tuple(list(column) for column in zip(*rows, strict=True)))
            if taken.hits:
                await connection.execute(_SERVED, (list(taken.hits), list(taken.hits.values())))
