"""Long work on the event loop, with pauses in which other calls get their turn."""

import asyncio

from kernel.clock import elapsed_ms, perf_counter

LONGEST_MS = 1.5


class Breath:
    """`draw` between steps of long work: it lets the loop go when the work has kept it for LONGEST_MS."""

    def __init__(self) -> None:
        self._begun = perf_counter()

    async def draw(self) -> None:
        if elapsed_ms(self._begun) > LONGEST_MS:
            await asyncio.sleep(0)
            self._begun = perf_counter()
