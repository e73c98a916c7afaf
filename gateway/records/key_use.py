"""When each API key was last used."""

from datetime import datetime
from typing import ClassVar

from gateway.records.writer import Writer
from kernel.postgres_pool import PostgresPool

_UPDATE = """
    UPDATE accounts_apikey SET last_used_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(id, at)
    WHERE accounts_apikey.id = x.id AND (last_used_at IS NULL OR last_used_at < x.at)"""


class KeyUse(Writer):
    """Remembers the latest use of each key until it is written."""

    what: ClassVar[str] = "the last use of keys"

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self._latest: dict[int, datetime] = {}

    def note(self, key_id: int, now: datetime) -> None:
        self._latest[key_id] = now

    def _take(self) -> dict[int, datetime]:
        latest, self._latest = self._latest, {}
        return latest

    def _give_back(self, taken: dict[int, datetime]) -> None:
        self._latest = taken | self._latest

    async def _write(self, taken: dict[int, datetime]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_UPDATE, (list(taken), list(taken.values())))
