"""When each API key was last used."""

from datetime import datetime
from typing import Any, ClassVar

from psycopg_pool import AsyncConnectionPool

from gateway.records.writer import Writer

_UPDATE = """
    UPDATE accounts_apikey SET last_used_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(id, at)
    WHERE accounts_apikey.id = x.id AND (last_used_at IS NULL OR last_used_at < x.at)"""


class KeyUse(Writer):
    """Remembers the latest use of each key until it is written."""

    what: ClassVar[str] = "the last use of keys was"

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        super().__init__(pool)
        self._latest: dict[int, datetime] = {}

    def note(self, key_id: int, now: datetime) -> None:
        self._latest[key_id] = now

    async def _write(self) -> None:
        latest, self._latest = self._latest, {}
        if latest:
            async with self._pool.connection() as connection:
                await connection.execute(_UPDATE, (list(latest), list(latest.values())))
