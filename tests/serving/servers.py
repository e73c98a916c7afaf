"""A server of a small application in this process, and a client that says HTTP/2 frame by frame."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any

import h2.events as e
import uvicorn
from h2.connection import H2Connection
from hyperframe.frame import Frame

from embedded.ports import free_port
from embedded.server import PROTOCOLS


class App:
    """Answers `/`, echoes `/echo`, and goes on for ever at `/endless`, ends its connection with `/last`; it notes what it did."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.scopes: list[dict[str, Any]] = []
        self.sent_bytes = 0
        self.may_end = asyncio.Event()
        self.stop: Any = None
        """Asks its server to end."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.scopes.append(scope)
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.seen["left before the end of the body"] += 1
                return
            body += message["body"]
            if not message["more_body"]:
                break
        last = [(b"connection", b"close")] if scope["path"] == "/last" else []
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Case", b"kept"), *last]})
        if scope["path"] == "/endless":
            await self._go_on(receive, send)
        if scope["path"] == "/wait":
            await self.may_end.wait()
        await send({"type": "http.response.body", "body": body or b"hello"})
        self.seen["answered"] += 1

    async def _go_on(self, receive: Any, send: Any) -> None:
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            self.sent_bytes += 1000
            await asyncio.sleep(0)
        self.seen[leaving.result()["type"]] += 1


@asynccontextmanager
async def serving(app: App, **options: Any) -> AsyncIterator[int]:
    """Its port."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http=PROTOCOLS, lifespan="off", log_level="critical", **options
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment,return-value]
    app.stop = lambda: setattr(server, "should_exit", True)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = server.force_exit = True
        app.may_end.set()
        await task


class Client:
    """A connection over HTTP/2 of which each frame is in the hand of the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, opens: bool) -> None:
        self.reader, self.writer = reader, writer
        self.h2 = H2Connection()
        self.h2.initiate_connection()
        if opens:
            self.h2.increment_flow_control_window(2**24)
        self.events: list[e.Event] = []

    def ask(self, path: str = "/", *, body: bytes | None = b"", more: Any = (), end: bool = True) -> int:
        """A request's stream; without a body it is left open."""
        stream_id = self.h2.get_next_available_stream_id()
        head = [(":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "here"), *more]
        self.h2.send_headers(stream_id, head, end_stream=body == b"" and end)
        if body:
            self.h2.send_data(stream_id, body, end_stream=end)
        return stream_id

    async def say(self, *frames: Frame) -> None:
        """Sends what is due, and frames that a decent client would not send."""
        self.writer.write(self.h2.data_to_send() + b"".join(frame.serialize() for frame in frames))
        await self.writer.drain()

    async def until(self, kind: type[e.Event], stream_id: int | None = None) -> Any:
        """The first event of a kind, perhaps of one stream; ConnectionResetError where the connection ends before."""
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and stream_id in (None, getattr(event, "stream_id", None)):
                        return event
                if not (data := await self.reader.read(65536)):
                    raise ConnectionResetError
                self.events += self.h2.receive_data(data)
                await self.say()

    def text(self, stream_id: int) -> bytes:
        return b"".join(
            each.data
            for each in self.events
            if isinstance(each, e.DataReceived) and each.stream_id == stream_id
        )

    async def is_closed(self) -> bool:
        """Waits for the end of the connection."""
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass
            return True


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def client(port: int, *, opens: bool = False) -> AsyncIterator[Client]:
    async with connected(port) as (reader, writer):
        yield Client(reader, writer, opens=opens)


async def until(condition: Any) -> None:
    """Waits until it holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of any kind
            await asyncio.sleep(0.01)
