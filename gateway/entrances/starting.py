"""A start that waits for what is away around the process, while its server answers."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable

from gateway.starts import NotYetError

logger = logging.getLogger(__name__)

_MIN_PAUSE, _MAX_PAUSE = 0.5, 3.0
"""Seconds between two tries."""


class Starting:
    """`start` is tried until it is done. `waits_for` says in a sentence why calls can't be taken yet; empty once they can."""

    def __init__(self, start: Callable[[], Awaitable[None]]) -> None:
        self._start = start
        self.waits_for = ""
        self._again: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """The first try; the others come by themselves. Raises for what does not pass by itself."""
        try:
            await self._start()
        except NotYetError as error:
            self._note(error)
            self._again = asyncio.create_task(self._try_again())

    def stop(self) -> None:
        if self._again is not None:
            self._again.cancel()

    def _note(self, error: NotYetError) -> None:
        if str(error) != self.waits_for:
            logger.warning("%s It is tried again.", error)
        self.waits_for = str(error)

    async def _try_again(self) -> None:
        pause = _MIN_PAUSE
        while True:
            await asyncio.sleep(pause)
            try:
                await self._start()
            except NotYetError as error:
                self._note(error)
            except Exception:
                logger.exception("the gateway could not start")
                os.kill(
                    os.getpid(), signal.SIGTERM
                )  # as where it can't at once: whoever supervises it sees it end
                return
            else:
                self.waits_for = ""
                logger.info("the gateway has started")
                return
            pause = min(2 * pause, _MAX_PAUSE)
