"""Beginnings of prompts that differ from call to call, counted until they are written."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.records.writer import Writer
from gateway.wire.beginnings import Volatile
from kernel.postgres_pool import PostgresPool

# In one order, so that gateways do not lock each other out; an application may have been deleted meanwhile.
_ADD = """
    INSERT INTO governance_volatilebeginning (team_id, application_id, route, place, day, calls, tokens)
    SELECT x.team_id, x.application_id, x.route, x.place, (statement_timestamp() AT TIME ZONE 'UTC')::date, x.calls, x.tokens
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
        AS x(team_id, application_id, route, place, calls, tokens)
    JOIN accounts_application ON accounts_application.id = x.application_id AND accounts_application.team_id = x.team_id
    ORDER BY x.application_id, x.route, x.place
    ON CONFLICT (application_id, route, place, day) DO UPDATE SET
        calls = governance_volatilebeginning.calls + excluded.calls,
        tokens = governance_volatilebeginning.tokens + excluded.tokens"""

_Where = tuple[int, int, str, str]
"""Team, application, route and place."""


@dataclass(slots=True)
class _Count:
    calls: int = 0
    tokens: int = 0


class BeginningUse(Writer):
    """Of this process. Places are our own words and numbers, never a caller's."""

    what: ClassVar[str] = "beginnings of prompts"

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self._counts: dict[_Where, _Count] = {}

    def note(self, team_id: int, application_id: int, route: str, found: Volatile) -> None:
        self._add((team_id, application_id, route, found.place), 1, found.tokens)

    def _add(self, where: _Where, calls: int, tokens: int) -> None:
        count = self._counts.setdefault(where, _Count())
        count.calls += calls
        count.tokens += tokens

    def _take(self) -> dict[_Where, _Count]:
        counts, self._counts = self._counts, {}
        return counts

    def _give_back(self, taken: dict[_Where, _Count]) -> None:
        for where, count in taken.items():
            self._add(where, count.calls, count.tokens)

    async def _write(self, taken: dict[_Where, _Count]) -> None:
        rows = [(*where, count.calls, count.tokens) for where, count in taken.items()]
        async with self._pool.connection() as connection:
            await connection.execute(_ADD, tuple(list(column) for column in zip(*rows, strict=True)))
