"""Keeps the snapshot fresh: rebuilt when Postgres notifies, and by a slow poll behind it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection, transaction

from gateway.snapshot.build import build_snapshot
from gateway.snapshot.state import Snapshot
from kernel.deadlines import TCP

logger = logging.getLogger(__name__)

CHANNEL = "gatehouse_snapshot"
_PAUSE_SECONDS = 1.0
_CONNECT_SECONDS = 5
_MOMENT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL lock_timeout = '100ms'
"""
"""Who alters tables may wait for a table that is read here while this waits for one of theirs. Before the database ends one
of the two for their deadlock (after a second), this gives way: it can be tried again, a migration can't so easily."""


def _build() -> Snapshot:
    """All of its queries see one moment: a team that comes between two of them would be missing from one."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_MOMENT)
            return build_snapshot()
    finally:
        connection.close()  # the thread is not a request's: nothing else would return it


class SnapshotKeeper:
    """Holds the current snapshot. It listens on a direct connection: a pooler between would lose notifications."""

    def __init__(
        self, *, url: str, poll_seconds: float, on_refresh: Callable[[Snapshot], None] = lambda _: None
    ) -> None:
        self.current = Snapshot()
        self._on_refresh = on_refresh
        self._url = url
        self._poll_seconds = poll_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Builds the first snapshot, then watches. Raises when the database can't be read."""
        await self.refresh()
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Ends the watch, and its connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=2 * _CONNECT_SECONDS)

    async def refresh(self) -> None:
        """Rebuilds the snapshot and swaps it in."""
        self.current = await sync_to_async(_build, thread_sensitive=False)()
        self._on_refresh(self.current)

    async def _watch(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, DatabaseError, OSError) as error:
                logger.warning("the snapshot can't be refreshed (%s), trying again", type(error).__name__)
            except Exception:  # whatever it is: who stops watching serves revoked keys for ever
                logger.exception("the snapshot can't be built, trying again")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _connection(self) -> psycopg.AsyncConnection[Any]:
        """Made to its end even if the watch is stopped meanwhile: half made, it would stay open until it is collected."""
        connecting = asyncio.ensure_future(
            psycopg.AsyncConnection.connect(
                self._url, autocommit=True, **TCP | {"connect_timeout": _CONNECT_SECONDS}
            )
        )
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            with suppress(psycopg.Error):
                await (await connecting).close()
            raise

    async def _listen(self) -> None:
        async with await self._connection() as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            await self.refresh()  # what changed while nobody listened
            while True:
                async with aclosing(connection.notifies(timeout=self._poll_seconds, stop_after=1)) as notices:
                    async for _ in notices:
                        pass
                await self.refresh()
