"""Something to say now and then on a stream that is silent, so that nothing between us and the client cuts it."""

import asyncio
from collections.abc import Awaitable, Callable

_BUSY, _SENT, _SILENT = range(3)


class KeepAlive:
    """Watches over one stream. An event costs it two assignments; the timer is set anew each `seconds`, never by an event.

    What it says comes after `seconds` to twice as much without anything sent; before the first event after `seconds` exactly.
    """

    __slots__ = ("_handle", "_say", "_seconds", "_state", "saying")

    def __init__(self, seconds: float, say: Callable[[], Awaitable[None]]) -> None:
        self._seconds, self._say = seconds, say
        self._state = _SILENT
        self.saying: asyncio.Task[None] | None = None
        """What is being said: to be waited for before anything else is."""
        self._handle: asyncio.TimerHandle | None = None
        if seconds:
            self._arm()

    def before_send(self) -> None:
        self._state = _BUSY

    def after_send(self) -> None:
        self._state = _SENT

    async def said(self) -> None:
        """Waits for what is being said."""
        if self.saying is not None:
            await self.saying

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if self.saying is not None:
            self.saying.cancel()

    def _arm(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._tick)

    def _tick(self) -> None:
        if self._state == _SENT:
            self._state = _SILENT
        elif self._state == _SILENT and self.saying is None:
            self.saying = asyncio.ensure_future(self._say_it())
        self._arm()

    async def _say_it(self) -> None:
        try:
            await self._say()
        finally:
            self.saying = None
