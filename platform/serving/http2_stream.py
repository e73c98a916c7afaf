"""One request over HTTP/2, as the ASGI application sees it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE

from serving.limits import Pace

if TYPE_CHECKING:
    from serving.http2 import Http2Protocol

logger = logging.getLogger("uvicorn.error")

_Message = dict[str, Any]
_App = Callable[..., Awaitable[None]]

_OF_HTTP1 = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))
"""Headers that HTTP/2 does not know (RFC 9113, section 8.2.2)."""


class Stream:
    """Its `receive` and `send` are the application's."""

    __slots__ = ("_body", "_connection", "_expected", "_has_all", "_has_begun", "_has_no_body", "_is_complete",
                 "_more_body", "_pace", "_reader", "_unacknowledged", "_waits_since", "_writer", "id", "is_over",
                 "scope")  # fmt: skip

    def __init__(self, connection: "Http2Protocol", stream_id: int, scope: _Message) -> None:
        self.id, self.scope = stream_id, scope
        self._connection = connection
        self.is_over = False
        """Whether the client has left, or the stream was ended: then nothing more is sent."""
        self._body = bytearray()
        self._unacknowledged = 0
        self._more_body = True
        self._pace = Pace(connection.loop.time())
        self._has_all = False
        """Whether the application has received the whole request."""
        self._has_begun = self._is_complete = self._has_no_body = False
        self._expected: int | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._waits_since: float | None = None

    async def run(self, app: _App) -> None:
        """Runs the application to its end. Raises nothing but cancellation."""
        try:
            await app(self.scope, self._receive, self._send)
            if not self._is_complete and not self.is_over:
                logger.error("the application left an answer unfinished")
        except Exception:
            logger.exception("Exception in ASGI application")
            if not self._has_begun:
                await self._send({"type": "http.response.start", "status": 500, "headers": []})
                await self._send({"type": "http.response.body", "body": b"Internal Server Error"})
        finally:
            if not self.is_over:
                self._connection.reset(self, ErrorCodes.INTERNAL_ERROR)
                self._connection.flush()

    # --- for the connection --------------------------------------------------------------------------

    def feed(self, data: bytes, taken: int) -> None:
        """A part of the body; `taken` is what it took of the client's window, padding included."""
        self._pace.received += len(data)
        self._body += data
        self._unacknowledged += taken
        _wake(self._reader)

    def feed_end(self) -> None:
        self._more_body = False
        _wake(self._reader)

    def leave(self) -> None:
        """Nobody listens any more."""
        self.is_over = True
        self._connection.acknowledge(self.id, self._unacknowledged)
        self._unacknowledged = 0
        self._body.clear()
        _wake(self._reader)
        self.wake()

    def wake(self) -> None:
        """There may be room for more of the answer."""
        _wake(self._writer)

    def is_too_slow(self, now: float) -> bool:
        """Whether its body comes too slowly, or its answer has not been taken for too long."""
        limits = self._connection.limits
        if self._waits_since is not None:
            return now - self._waits_since > limits.stalled_seconds
        return self._more_body and self._pace.is_too_slow(limits, now)

    # --- ASGI ----------------------------------------------------------------------------------------

    async def _receive(self) -> _Message:
        self._say_continue()
        while not (self._is_done or self._body or (not self._more_body and not self._has_all)):
            self._reader = self._connection.loop.create_future()
            await self._reader
        if self._is_done:
            return {"type": "http.disconnect"}
        body = bytes(self._body)
        self._body.clear()
        self._connection.acknowledge(self.id, self._unacknowledged)
        self._unacknowledged = 0
        self._connection.flush()
        self._has_all = not self._more_body
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    @property
    def _is_done(self) -> bool:
        return self.is_over or self._is_complete

    def _say_continue(self) -> None:
        """What a client that sent `Expect: 100-continue` waits for before its body."""
        if self._more_body and not self._pace.received and not self._has_begun and not self._is_done:
            for name, value in self.scope["headers"]:
                if name == b"expect" and value.lower() == b"100-continue":
                    self._connection.h2.send_headers(self.id, [(b":status", b"100")])
                    self._connection.flush()

    async def _send(self, message: _Message) -> None:
        if self.is_over:
            return
        try:
            if message["type"] == "http.response.start":
                self._begin(message["status"], message.get("headers", ()))
            elif message["type"] == "http.response.body":
                await self._write(message.get("body", b""), is_last=not message.get("more_body", False))
        except ProtocolError:  # it was ended in between
            self._connection.forget(self)

    def _begin(self, status: int, headers: Any) -> None:
        if self._has_begun:
            raise RuntimeError("The answer has begun already.")
        sent = [(b":status", b"%d" % status)]
        for name, value in (*self._connection.state.default_headers, *headers):
            name = name.lower()
            if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
                raise RuntimeError("Invalid HTTP header.")
            if name == b"content-length":
                self._expected = int(value)
            if name not in _OF_HTTP1:
                sent.append((name, value))
            elif (name, value) == (b"connection", b"close"):
                self._connection.close_soon()
        self._has_begun = True
        self._has_no_body = self.scope["method"] == "HEAD" or status in (204, 304)
        self._connection.h2.send_headers(self.id, sent)
        # Mostly the body's first part follows at once, and goes with it.
        self._connection.loop.call_soon(self._connection.flush)

    async def _write(self, body: bytes, *, is_last: bool) -> None:
        if not self._has_begun or self._is_complete:
            raise RuntimeError("A body was sent before its answer began, or after it ended.")
        if self._has_no_body:
            body = b""
        elif self._expected is not None:
            self._expected -= len(body)
            if self._expected < 0 or (is_last and self._expected):
                raise RuntimeError("The answer's length is not its Content-Length.")
        start, connection = 0, self._connection
        while start < len(body):
            room = 0 if connection.is_full else connection.h2.local_flow_control_window(self.id)
            if room <= 0:
                await self._wait_for_room()
                if self.is_over:
                    return
                continue
            end = start + min(room, connection.h2.max_outbound_frame_size)
            is_end = is_last and end >= len(body)
            connection.h2.send_data(self.id, body[start:end], end_stream=is_end)
            connection.flush()
            self._waits_since = None
            start = end
            if is_end:
                self._end()
                return
        if is_last:
            connection.h2.end_stream(self.id)
            self._end()

    def _end(self) -> None:
        self._is_complete = True
        self._connection.state.total_requests += 1
        if self._more_body:
            # RFC 9113, section 8.1: the rest of the request is not needed.
            self._connection.reset(self, ErrorCodes.NO_ERROR)
        else:
            self._connection.forget(self)
        self._connection.flush()

    async def _wait_for_room(self) -> None:
        """Until the client takes more; the answer stays where it comes from."""
        if self._waits_since is None:
            self._waits_since = self._connection.loop.time()
        self._writer = self._connection.loop.create_future()
        await self._writer


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
