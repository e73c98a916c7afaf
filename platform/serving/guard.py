"""Watches over all connections of a process: how many there are, and which of them keep it waiting.

One timer for all: nothing is armed for a connection, a request or a chunk.
"""

import asyncio
import os
from collections import Counter
from typing import Protocol, runtime_checkable

from uvicorn.server import ServerState

from serving.limits import Limits


@runtime_checkable
class Guarded(Protocol):
    """A connection that is looked at."""

    def sweep(self, now: float) -> None:
        """Ends what has taken too long; `now` is the loop's time."""


class Guard:
    """Of one server in one process."""

    def __init__(self, state: ServerState, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.limits = limits
        self._connections = state.connections
        self._loop = loop
        self._by_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, address: str) -> bool:
        """Whether one more connection may come from this address; whoever was admitted leaves by `leave`."""
        limits = self.limits
        if limits.connections and len(self._connections) >= limits.connections:
            return False
        if limits.connections_per_address and self._by_address[address] >= limits.connections_per_address:
            return False
        self._by_address[address] += 1
        if self._timer is None:
            self._timer = self._loop.call_later(limits.sweep_seconds, self._sweep)
        return True

    def leave(self, address: str) -> None:
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        for connection in tuple(self._connections):
            if isinstance(connection, Guarded):
                connection.sweep(now)
        if self._by_address:
            self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)


def guard_of(state: ServerState, loop: asyncio.AbstractEventLoop) -> Guard:
    """The one guard of a server."""
    found: Guard | None = getattr(state, "guard", None)
    if found is None:
        found = Guard(state, loop, Limits.from_environment(os.environ))
        state.guard = found  # type: ignore[attr-defined]
    return found
