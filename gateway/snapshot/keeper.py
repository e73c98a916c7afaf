"""Keeps the snapshot fresh: rebuilt when Postgres notifies, and by a slow poll behind it.

Whatever else is slow, a change is in force within a second: what listens has a connection of its own, and what builds has one
and a thread. Where neither can read what has changed, nobody is known to be let in any more (`is_blind`).
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import Any

import psycopg
from django.db import connection, transaction

from accounts.services.root_secret import root_secret
from gateway.snapshot.build import build_snapshot
from gateway.snapshot.state import Snapshot
from kernel.clock import perf_counter
from kernel.deadlines import TCP, WRITES, within
from kernel.postgres_pool import MAX_AGE_SECONDS
from kernel.upkeep import Kept, Upkeep

logger = logging.getLogger(__name__)

CHANNEL = "gatehouse_snapshot"
BLIND_SECONDS = 5.0
"""After so long without knowing what has changed, keys may have been revoked for so long."""
_CONNECT_SECONDS = 5
_PROBE_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_BUILD_SECONDS = 30.0
_MOMENT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL lock_timeout = '100ms';
SET LOCAL statement_timeout = '20s'
"""
"""Who alters tables may wait for a table that is read here while this waits for one of theirs. Before the database ends one
of the two for their deadlock (after a second), this gives way: it can be tried again, a migration can't so easily."""


_opened_at = threading.local()


def _build() -> Snapshot:
    """All of its queries see one moment: a team that comes between two of them would be missing from one."""
    if perf_counter() - getattr(_opened_at, "value", 0.0) > MAX_AGE_SECONDS:
        connection.close()
        _opened_at.value = perf_counter()
    try:
        root_secret()  # made at the first start, which a transaction that only reads can't do
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_MOMENT)
            return build_snapshot()
    except BaseException:
        connection.close()  # the next one begins with another
        raise


def _close() -> None:
    connection.close()


class SnapshotKeeper:
    """Holds the current snapshot. It listens on a direct connection: a pooler between would lose notifications."""

    def __init__(
        self, *, url: str, poll_seconds: float, on_refresh: Callable[[Snapshot], None] = lambda _: None
    ) -> None:
        self.current = Snapshot()
        self._on_refresh = on_refresh
        self._url = url
        self._poll_seconds = poll_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._changed = asyncio.Event()
        self._changed_at: float | None = None
        """Since when something is known to have changed that is not taken in."""
        self._notices = 0
        self._listening_at = self._read_at = perf_counter()

    async def start(self, upkeep: Upkeep) -> None:
        """Builds the first snapshot, then watches. Raises when the database can't be read."""
        await self.refresh()
        upkeep.endless("listening for changes", self._listen, late_after=BLIND_SECONDS, retry=_RETRY_SECONDS)
        upkeep.endless(
            "the snapshot", self._follow, late_after=self._poll_seconds + BLIND_SECONDS, retry=_RETRY_SECONDS
        )

    async def stop(self) -> None:
        """Once what was started is stopped: lets go of the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _close)
        self._thread.shutdown(wait=False)

    @property
    def age(self) -> float:
        """For how many seconds changes may have gone unnoticed: 0 where what is known is current."""
        if self._changed_at is not None:
            return perf_counter() - self._changed_at
        return max(0.0, self._unheard - _PROBE_SECONDS)

    @property
    def is_blind(self) -> bool:
        """Whether nothing is known of changes for so long that no key may be taken for valid."""
        # From the last that was heard on, and not from when the next should have been: a revocation may have come right behind.
        return max(self.age, self._unheard) > BLIND_SECONDS

    @property
    def _unheard(self) -> float:
        return perf_counter() - max(self._listening_at, self._read_at)

    async def refresh(self) -> None:
        """Rebuilds the snapshot and swaps it in."""
        begun, notices = perf_counter(), self._notices
        self._changed.clear()
        building = asyncio.get_running_loop().run_in_executor(self._thread, _build)
        try:
            self.current = await asyncio.wait_for(building, _BUILD_SECONDS)
        except BaseException:
            self._changed.set()  # what has changed is not taken in: the next try does not wait for the poll
            raise
        self._read_at = begun
        # What was told of meanwhile may have come too late for this one.
        self._changed_at = None if self._notices == notices else begun
        self._on_refresh(self.current)

    async def _follow(self, kept: Kept) -> None:
        """Rebuilds when something has changed; now and then all the same, and often while nobody listens."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROBE_SECONDS):
                    await self._changed.wait()
            now = perf_counter()
            is_heard = now - self._listening_at < _PROBE_SECONDS + _ANSWER_SECONDS
            if self._changed.is_set() or not is_heard or now - self._read_at >= self._poll_seconds:
                await self.refresh()
            kept.went_round()

    async def _listen(self, kept: Kept) -> None:
        try:
            await self._hear(kept)
        finally:
            self._changed.set()  # what changes now goes unheard: it is looked up

    async def _hear(self, kept: Kept) -> None:
        async with await self._connection() as connection:
            await within(_ANSWER_SECONDS, connection.execute(f"LISTEN {CHANNEL}"))
            self._note_change()  # what changed while nobody listened
            while True:
                async with aclosing(connection.notifies(timeout=_PROBE_SECONDS, stop_after=1)) as notices:
                    async for _ in notices:
                        self._note_change()
                begun = perf_counter()
                await within(_ANSWER_SECONDS, connection.execute("SELECT 1"))
                self._listening_at = begun
                kept.went_round()

    def _note_change(self) -> None:
        self._notices += 1
        self._changed_at = self._changed_at or perf_counter()
        self._changed.set()

    async def _connection(self) -> psycopg.AsyncConnection[Any]:
        """Made to its end even if the watch is stopped meanwhile: half made, it would stay open until it is collected."""
        connecting = asyncio.ensure_future(
            psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                prepare_threshold=None,
                **TCP | WRITES | {"connect_timeout": _CONNECT_SECONDS},
            )
        )
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            with suppress(psycopg.Error):
                await (await connecting).close()
            raise
