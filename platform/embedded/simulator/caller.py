"""The caller's end of a connection: answers to it, waits that end when it leaves."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
_SIMULATED = (b"x-simulated-by", b"gatehouse")
# Below this a wait isn't worth a second task: who leaves is noticed at the end of it.
_SHORT_SECONDS = 0.1


class CallerLeft(Exception):
    """The connection is gone: stop generating."""


class SimulatedCaller:
    """One request's connection."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._gone: asyncio.Task[None] | None = None

    async def body(self, limit: int) -> bytes | None:
        """The request's body; None if it is over the limit, in bytes. Raises CallerLeft."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message.get("body", b"")
            return whole if len(whole) <= limit else None
        chunks: list[bytes] = []
        size = 0
        while message["type"] != "http.disconnect":
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                return None
            if not message.get("more_body"):
                return b"".join(chunks)
            message = await self._receive()
        raise CallerLeft

    async def wait(self, seconds: float) -> None:
        """Waits, or raises CallerLeft as soon as the caller has left. Only after `body`."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._leaves())
        if seconds < _SHORT_SECONDS:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait((self._gone,), timeout=seconds)
        if self._gone.done():
            raise CallerLeft

    def close(self) -> None:
        """Stops watching. Call it at the end of every request."""
        if self._gone is not None:
            self._gone.cancel()

    async def answer(self, status: int, body: bytes, headers: Headers, content_type: bytes = JSON) -> None:
        """A whole answer."""
        length = (b"content-length", str(len(body)).encode())
        await self.start(status, [*headers, length], content_type)
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Headers, content_type: bytes) -> None:
        """The head of an answer."""
        every = [*headers, (b"content-type", content_type), _SIMULATED]
        await self._send({"type": "http.response.start", "status": status, "headers": every})

    async def chunk(self, body: bytes, *, more: bool) -> None:
        """A part of the body. Without a last one, the server drops the connection."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _leaves(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
