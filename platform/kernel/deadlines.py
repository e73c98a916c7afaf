"""Deadlines that hold whatever the other side does."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_left: set[asyncio.Task[Any]] = set()

TCP: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""What libpq is to be told of a connection to Postgres: a network that swallows packets ends it (PostgreSQL docs, "Database
Connection Control Functions"). They are of this side's socket, so that a pooler between takes them, too."""
WRITES: dict[str, Any] = {"target_session_attrs": "read-write"}
"""The same where a server is wanted that takes writes: of several hosts, or of one that may be a standby for a while."""

STANDBY: dict[str, Any] = {"target_session_attrs": "standby"}
"""The same of one that follows another: a replica that was promoted is none any more."""


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """What comes of some work. TimeoutError at the deadline, at once: the work is cancelled, and nobody waits for that.

    `asyncio.timeout` waits until what it cancelled has ended; psycopg takes up to ten seconds for that, where a server
    hangs.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    _left.add(task)
    task.add_done_callback(_forget)
    task.cancel()
    raise TimeoutError


def _forget(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # marks it seen
