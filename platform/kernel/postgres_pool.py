"""Connections to Postgres for an event loop: what goes wrong on them is told apart once, for all who use them.

Nothing is assumed of a connection that a pooler in transaction mode would not keep: no prepared statements, no settings of the
session (PgBouncer docs, "Features": `prepare`, `SET`).
"""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Any

import psycopg
from pgvector import HalfVector
from pgvector.psycopg.halfvec import HalfVectorBinaryDumper
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel.clock import perf_counter
from kernel.deadlines import TCP, WRITES
from kernel.errors import UnavailableError
from kernel.faults import is_away, spoils_connection

logger = logging.getLogger(__name__)

# Of no type: what a statement casts it to says which, so that no connection has to ask the server for the type's number.
psycopg.adapters.register_dumper(HalfVector, HalfVectorBinaryDumper)

MAX_AGE_SECONDS = 600.0
"""Connections are made anew so often: an address that leads elsewhere by now is found out."""
_DRAIN_EVERY_SECONDS = 1.0
_RECONNECT_SECONDS = 2.0
"""Then a connection is given up, and the next who wants one begins anew, at once. Each pause of the pool's is twice as long as
the one before: without an end to that, it would look for a server again as late as that has been away
(psycopg_pool.base.AttemptWithBackoff)."""
_WAIT_SECONDS = 1.0


class PostgresAwayError(UnavailableError):
    """Postgres can't be reached, or can't at the moment: read-only, full, busy. What it was raised from says which."""


class PostgresPool:
    """A pool that throws away connections which lead to no server that can, and all others of its age with them."""

    def __init__(
        self,
        url: str,
        *,
        min_size: int,
        max_size: int,
        timeout: float,
        reconnect_seconds: float = _RECONNECT_SECONDS,
        writes: bool = True,
        connection: dict[str, Any] | None = None,
    ) -> None:
        """`timeout` is how long one waits for a connection; `writes` asks for a server that takes writes."""
        given = conninfo_to_dict(url)
        wanted = TCP | (WRITES if writes else {})
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            make_conninfo(url, **{name: value for name, value in wanted.items() if name not in given}),
            min_size=min_size,
            max_size=max_size,
            timeout=timeout,
            open=False,
            max_lifetime=MAX_AGE_SECONDS,
            kwargs={"autocommit": True, "prepare_threshold": None, **(connection or {})},
            reconnect_timeout=reconnect_seconds,
        )
        self._drained_at = -_DRAIN_EVERY_SECONDS
        self._draining: asyncio.Task[None] | None = None

    async def open(self, *, wait: bool = False, seconds: float = 30.0) -> None:
        """Opens it; `wait` for the first connections. Raises PostgresAwayError where they don't come in time."""
        try:
            await self._pool.open()
            if wait:
                await self._first(perf_counter() + seconds)
        except Exception as error:
            raise PostgresAwayError(type(error).__name__) from error

    async def _first(self, ends_at: float) -> None:
        while True:
            try:
                async with self._pool.connection(_WAIT_SECONDS):
                    return
            except PoolTimeout:
                if perf_counter() > ends_at:
                    raise

    async def close(self) -> None:
        await self._pool.close()

    def connection(self, seconds: float | None = None) -> "_Lease":
        """A connection, in autocommit, waited for so long at most, as an async context.

        Raises PostgresAwayError, also for what goes wrong on it while it is used.
        """
        return _Lease(self, seconds)

    def _drain(self) -> None:
        """The others lead where this one did."""
        if perf_counter() - self._drained_at < _DRAIN_EVERY_SECONDS:
            return
        self._drained_at = perf_counter()
        self._draining = asyncio.create_task(self._pool.drain())


class _Lease:
    """A connection for the length of a block. As the library's own context does it, without asking to commit what commits itself."""

    __slots__ = ("_connection", "_pool", "_seconds")

    def __init__(self, pool: PostgresPool, seconds: float | None) -> None:
        self._pool, self._seconds = pool, seconds

    async def __aenter__(self) -> AsyncConnection[Any]:
        try:
            self._connection = await self._pool._pool.getconn(self._seconds)
        except Exception as error:
            raise PostgresAwayError(type(error).__name__) from error
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, pool = self._connection, self._pool
        try:
            if error is not None:
                if spoils_connection(error):
                    await connection.close()
                    pool._drain()
                elif not connection.closed:
                    with suppress(psycopg.Error):
                        await connection.rollback()
        finally:
            await pool._pool.putconn(connection)
        if isinstance(error, Exception) and not isinstance(error, PostgresAwayError) and is_away(error):
            raise PostgresAwayError(type(error).__name__) from error
