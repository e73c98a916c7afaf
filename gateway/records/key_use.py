"""When each API key was last used: collected in memory, written now and then, off the path of a call."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
_UPDATE = """
    UPDATE accounts_apikey SET last_used_at = x.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(id, at)
    WHERE accounts_apikey.id = x.id AND (last_used_at IS NULL OR last_used_at < x.at)"""


class KeyUse:
    """Remembers the latest use of each key until it is written."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._latest: dict[int, datetime] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, key_id: int, now: datetime) -> None:
        self._latest[key_id] = now

    def start(self) -> None:
        self._task = asyncio.create_task(self._write_forever())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        with suppress(psycopg.Error, PoolTimeout):
            await self._write()

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self._write()
            except (psycopg.Error, PoolTimeout) as error:
                logger.warning("the last use of keys was not written (%s)", type(error).__name__)

    async def _write(self) -> None:
        latest, self._latest = self._latest, {}
        if latest:
            async with self._pool.connection() as connection:
                await connection.execute(_UPDATE, (list(latest), list(latest.values())))
