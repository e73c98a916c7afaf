"""Long work on the event loop, in short steps: one such work a turn of the loop, however many wait."""

import asyncio
from collections.abc import Generator
from types import TracebackType
from typing import Self, TypeVar
from weakref import WeakKeyDictionary

from kernel.clock import elapsed_ms, perf_counter

MAX_MS = 1.0

Result = TypeVar("Result")

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class Breath:
    """`async with` around long work; `draw` between its steps lets the loop go when they have kept it for MAX_MS.

    Work of this kind shares one lock per loop: without it every one of many would take its while in the same turn of
    the loop, and a timer would come after all of them. Wait for nothing else inside.
    """

    async def __aenter__(self) -> Self:
        self._turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        self._is_held = False
        await self._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()  # unless it was cancelled while it waited for its turn

    async def draw(self) -> None:
        if elapsed_ms(self._begun) > MAX_MS:
            await asyncio.sleep(
                0
            )  # with the turn held: else all that wait would have theirs before the loop goes on
            self._give_back()
            await self._take()

    async def _take(self) -> None:
        await self._turn.acquire()
        self._is_held, self._begun = True, perf_counter()

    def _give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._turn.release()

    async def through(self, steps: Generator[None, None, Result]) -> Result:
        """Goes through steps, drawing breath between them; what they return in the end."""
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: Result = end.value
                return result
            await self.draw()
