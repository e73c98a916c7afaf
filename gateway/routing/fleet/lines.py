"""Where calls wait until a deployment of their route has room: fair between teams by weight, refused early where it is too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.routing.queues import Slots
from kernel.clock import perf_counter

_NEW = 0.1
_MIN_LENGTH = 20
"""A line that is no longer than this is waited in without reckoning."""


class Line:
    """Of one route, in one process. Its head, who has the one slot, looks for room; the others wait for their turn."""

    def __init__(self) -> None:
        self._head = Slots(1)
        self._freed = asyncio.Event()
        self._passed_at = 0.0
        self._gap = 0.0
        """Seconds between two calls that went on from here, lately."""

    def __len__(self) -> int:
        return self._head.waiting + self._head.taken

    @property
    def is_empty(self) -> bool:
        return not self._head.taken  # who waits stands behind one

    def expected_wait(self, team: int) -> float:
        """Seconds that the next one of a team would wait, by how quickly the line has moved lately; 0 where that is not known.
        A team that has many waiting is refused before others are."""
        length = len(self)
        if length <= _MIN_LENGTH or not self._gap:
            return 0.0
        return self._head.ahead(team) * max(self._gap, (perf_counter() - self._passed_at) / length)

    def free(self) -> None:
        """There may be room."""
        if self._head.taken:
            self._freed.set()

    @asynccontextmanager
    async def turn(self, *, team: int, weight: int, seconds: float) -> AsyncIterator[bool]:
        """Waits to be the head of the line; False where that took longer. Leaving it makes the next one the head."""
        is_head = self._head.try_acquire() or await self._head.acquire(
            team=team, weight=weight, seconds=seconds
        )
        begun = perf_counter()
        try:
            yield is_head
        finally:
            if is_head:
                self._note(begun)
                self._head.release()

    async def room(self, seconds: float) -> None:
        """Of the head: waits until there may be room, for so long at most."""
        self._freed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._freed.wait()
        except TimeoutError:
            return

    def _note(self, begun: float) -> None:
        now = perf_counter()
        gap = now - max(self._passed_at, begun)
        self._gap = gap if not self._gap else self._gap + (gap - self._gap) * _NEW
        self._passed_at = now
