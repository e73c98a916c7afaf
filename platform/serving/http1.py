"""HTTP/1.1: uvicorn's own, and what it lacks: bounds on headers, and an end to clients that keep it waiting."""

import asyncio
import re
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from serving.guard import Guard, Pass
from serving.limits import Pace

_OFFER = re.compile(rb"\r\nUpgrade(?=:[ \t]*h2c)", re.IGNORECASE)
_LOOKED_THROUGH = 4096
_PROXY_IDLE_SECONDS = 75
"""More than the 60 s for which load balancers keep a connection by default (AWS ALB, nginx): whoever closes first must be the
proxy, or its next request meets a connection that is being closed."""


class _TooManyHeaders(Exception):
    pass


def _without_offer(data: bytes) -> bytes:
    """A request without its offer to go on in HTTP/2 (`Upgrade: h2c`), as Java's client and `curl --http2` make it.

    RFC 9113 no longer has it, and a server may pass over it; uvicorn's parser takes what follows for no body of the request.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"\r\nX-Offer", head) + end + rest


_UNREAD_PAUSE = 0.015
"""Seconds between two pieces (of up to 256 KiB) of a body whose answer has been given without it."""


class Http1Protocol(HttpToolsProtocol):
    """One connection. A request costs it two comparisons more than uvicorn's."""

    def __init__(
        self,
        config: Config,
        state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        guard: Guard,
        held: Pass,
    ) -> None:
        super().__init__(config, state, app_state, loop)
        self._limits, self._pass = guard.limits, held
        if guard.limits.is_trusted(held.address):
            self.timeout_keep_alive = max(self.timeout_keep_alive, _PROXY_IDLE_SECONDS)
        self._head_bytes = 0
        self._pace: Pace | None = None
        # What it was seen at by the last sweep, and since when.
        self._seen: object = None
        self._seen_at = 0.0

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if data.find(b"h2c", 0, _LOOKED_THROUGH) >= 0:
            data = _without_offer(data)
        super().data_received(data)
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            if self._head_bytes > self._limits.header_bytes:
                self._refuse(431)
            return
        self._head_bytes = 0
        if not cycle.more_body:
            return
        if self._pace is not None:
            self._pace.received += len(data)
        if cycle.response_complete and not self.flow.read_paused:
            # Nobody waits for the rest: it is taken slowly, so that it costs the calls of others little.
            self.flow.pause_reading()
            self.loop.call_later(_UNREAD_PAUSE, self.flow.resume_reading)

    def on_headers_complete(self) -> None:
        limits = self._limits
        # Only where there was as much at all are they counted one by one: a body comes with its headers, mostly.
        if len(self.headers) > limits.header_count or (
            self._head_bytes > limits.header_bytes
            and sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
            > limits.header_bytes
        ):
            self._refuse(431)
            raise _TooManyHeaders
        super().on_headers_complete()
        self.scope["extensions"] = self._pass.extensions  # type: ignore[typeddict-item]

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def handle_websocket_upgrade(self) -> None:
        self._pass.leave()  # what follows has its own rules, and does not come back
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pass.leave()
        super().connection_lost(exc)

    def sweep(self, now: float) -> None:
        """Ends it where the client sends headers or a body too slowly, or takes nothing of its answer."""
        if self.transport.is_closing():
            return
        at = self._stands_at()
        if at != self._seen:
            self._seen, self._seen_at = at, now
            self._pace = Pace(now) if at is not None and at[0] == "body" else None
            return
        if at is None:
            return
        waited = now - self._seen_at
        if at[0] == "writing":
            if waited > self._limits.stalled_seconds:
                self.transport.abort()
        elif at[0] == "head":
            if waited > self._limits.header_seconds:
                self._refuse(408)
        elif at[0] == "unread":
            if waited > self._limits.unread_seconds:
                self.transport.close()
        elif self._pace is not None and self._pace.is_too_slow(self._limits, now):
            self._refuse(408)

    def idle_seconds(self, now: float) -> float:
        """Since its last answer; 0 where there was none, or a request is under way."""
        task = self.timeout_keep_alive_task
        return 0.0 if task is None else max(0.0, now - (task.when() - self.timeout_keep_alive))

    def _stands_at(self) -> tuple[str, int] | None:
        """What the client is waited for, told apart from the same of another request; None where it is not."""
        cycle = self.cycle
        if self.flow.write_paused:
            return "writing", self.transport.get_write_buffer_size()
        if cycle is not None and cycle.more_body and cycle.response_complete:
            return "unread", id(cycle)
        if cycle is not None and cycle.more_body:
            return None if self.flow.read_paused else ("body", id(cycle))
        if (cycle is None or cycle.response_complete) and self.timeout_keep_alive_task is None:
            return "head", id(cycle)
        return None

    def _refuse(self, status: int) -> None:
        if self.cycle is None or not (self.cycle.response_started and self.cycle.more_body):
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()
