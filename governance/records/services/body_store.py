"""Bodies in a database of their own: written there, durable, before the record of their call says that they are."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson
import psycopg

from kernel.batching import Batcher, QueueFullError
from kernel.clock import perf_counter
from kernel.errors import UnavailableError
from kernel.faults import is_items_own
from kernel.postgres_pool import PostgresAwayError, PostgresPool

logger = logging.getLogger(__name__)

_STORE = "SELECT gatehouse_store_bodies(%s)"
_MAX_SECONDS = 2.0
"""A call waits no longer for its bodies."""
_PAUSE_SECONDS = 5.0
"""After a failure nothing is tried for so long, so that calls do not wait for what is down."""
_MAX_QUEUED = 5_000


class BodiesUnavailableError(UnavailableError):
    """The database of bodies did not take them. It may have all the same, where only its answer was lost."""


class BodyStore:
    """Natural batching as for the ledger, on a pool of its own. What can't be written is given up, not queued."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._pool = PostgresPool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=_MAX_SECONDS,
            reconnect_seconds=10,  # then a call that comes later tries anew, at once
            connection={"connect_timeout": 2},
        )
        self._batches: Batcher[dict[str, Any], None] = Batcher(
            self._flush, isolates=is_items_own, max_queued=_MAX_QUEUED
        )
        self._paused_until = 0.0

    async def start(self) -> None:
        """Opens the pool without waiting: calls go on without this database."""
        await self._pool.open(wait=False)

    async def stop(self) -> None:
        await self._pool.close()

    async def store(self, content: dict[str, Any]) -> None:
        """Returns when a call's bodies are durable. Raises BodiesUnavailableError."""
        if perf_counter() < self._paused_until:
            raise BodiesUnavailableError
        try:
            await asyncio.wait_for(asyncio.shield(self._batches.submit(content)), _MAX_SECONDS)
        except (psycopg.Error, PostgresAwayError, TimeoutError, QueueFullError) as error:
            raise BodiesUnavailableError(type(error).__name__) from error

    async def _flush(self, batch: list[dict[str, Any]]) -> Sequence[None]:
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_STORE, (orjson.dumps(batch).decode(),))
        except PostgresAwayError as error:
            self._paused_until = perf_counter() + _PAUSE_SECONDS
            logger.error(
                "%d bodies are not stored: their database failed (%s)", len(batch), type(error).__name__
            )
            raise
        return [None] * len(batch)
