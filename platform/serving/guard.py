"""Watches over all connections of a process: how many there are, and which of them keep it waiting.

One timer for all: nothing is armed for a connection, a request or a chunk, but for connections above their address' limit.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from uvicorn.server import ServerState

from serving.limits import Limits

logger = logging.getLogger("uvicorn.error")

EXTENSION = "gatehouse.connection"
_TRIAL_SECONDS = 2.0
"""How long a connection above its address' limit has to show a valid key, and up to twice as long: many agents of one office begin
at the same moment."""
_SPREAD = 64
_IDLE_SECONDS = 2.0
"""Idle for less, the next request may be on its way."""
_TRIALS = 5
"""How many times its limit an address may have with those."""


@runtime_checkable
class Guarded(Protocol):
    """A connection that is looked at."""

    def sweep(self, now: float) -> None:
        """Ends what has taken too long; `now` is the loop's time."""

    def idle_seconds(self, now: float) -> float:
        """For how long it has been kept for requests that may come; 0 where one is under way, or none has come yet."""

    def shutdown(self) -> None:
        """Ends it, as HTTP has it, behind what is under way."""


class Pass:
    """What a connection came in by, and what the application is given of it: the ASGI extension `gatehouse.connection`."""

    __slots__ = ("_guard", "address", "close", "extensions", "is_proven")

    def __init__(self, guard: "Guard", address: str, close: Callable[[], None]) -> None:
        self._guard, self.address, self.close = guard, address, close
        self.is_proven = False
        self.extensions = {EXTENSION: self}

    def prove(self) -> None:
        """The client has shown a valid key, or is signed in: it is not counted by its address any more."""
        if not self.is_proven:
            self.is_proven = True
            self._guard.forget(self)

    @property
    def connections(self) -> int:
        """How many are open in this process, this one among them."""
        return self._guard.connections

    @property
    def is_here(self) -> bool:
        """Whether the connection is still counted."""
        return bool(self.extensions)

    def leave(self) -> None:
        """The connection has ended."""
        self.extensions.clear()
        self._guard.leave(self)


class Guard:
    """Of one server in one process."""

    def __init__(self, state: ServerState, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.limits = limits
        self._connections = state.connections
        self._loop = loop
        self._by_address: Counter[str] = Counter()
        """Connections that have shown neither a valid key nor a sign-in."""
        self._unproven: dict[Pass, None] = {}
        """The same, the oldest first."""
        self._open = 0
        self._timer: asyncio.TimerHandle | None = None
        self._room_made_at = -_IDLE_SECONDS

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def admit(self, address: str, close: Callable[[], None]) -> "Pass | None":
        """What one more connection from this address comes in by; None where none more may.

        Above its address' limit it is closed by `close` unless it soon shows a valid key. Above that of all addresses
        the connection is closed that has shown nothing for the longest.
        """
        limits = self.limits
        if limits.connections and len(self._connections) >= limits.connections:
            return None
        found = Pass(self, address, close)
        if limits.is_trusted(address):
            found.is_proven = True
        else:
            most, has = limits.connections_per_address, self._by_address[address]
            if most and has >= most * _TRIALS:
                return None
            if most and has >= most:
                # Not all at the same moment: those who are closed come back at once, and all others would wait for that.
                seconds = _TRIAL_SECONDS * (1 + (has % _SPREAD) / _SPREAD)
                self._loop.call_later(seconds, self._end_trial, found)
            if limits.unproven_connections and len(self._unproven) >= limits.unproven_connections:
                self._close_oldest()
            self._by_address[address] += 1
            self._unproven[found] = None
        self._open += 1
        if self._timer is None:
            self._timer = self._loop.call_later(limits.sweep_seconds, self._sweep)
        return found

    def forget(self, held: "Pass") -> None:
        """One connection fewer that has shown nothing yet."""
        if held not in self._unproven:
            return
        del self._unproven[held]
        self._by_address[held.address] -= 1
        if self._by_address[held.address] <= 0:
            del self._by_address[held.address]

    def leave(self, held: "Pass") -> None:
        """A connection has ended."""
        self._open -= 1
        self.forget(held)

    def make_room(self) -> None:
        """Others wait, and there are no descriptors for them: connections that wait for nothing are closed."""
        now = self._loop.time()
        if now - self._room_made_at < _IDLE_SECONDS / 4:
            return
        self._room_made_at = now
        for connection in tuple(self._connections):
            try:
                if isinstance(connection, Guarded) and connection.idle_seconds(now) >= _IDLE_SECONDS:
                    connection.shutdown()
            except Exception:
                logger.exception("an idle connection could not be closed")

    def _close_oldest(self) -> None:
        oldest = next(iter(self._unproven))
        self.forget(oldest)
        oldest.close()

    def _end_trial(self, held: "Pass") -> None:
        """Closes a connection that has shown nothing, while its address has more of them than it may."""
        most = self.limits.connections_per_address
        if held.is_here and not held.is_proven and self._by_address[held.address] > most:
            held.close()

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        for connection in tuple(self._connections):
            if not isinstance(connection, Guarded):
                continue
            try:
                connection.sweep(now)
            except Exception:  # of this one connection: all others are looked at, and the next time too
                logger.exception("a connection could not be looked at")
        if self._open:
            self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)


def guard_of(state: ServerState, loop: asyncio.AbstractEventLoop) -> Guard:
    """The one guard of a server."""
    found: Guard | None = getattr(state, "guard", None)
    if found is None:
        found = Guard(state, loop, Limits.from_environment(os.environ))
        state.guard = found  # type: ignore[attr-defined]
    return found
