"""A provider that says whatever a test wants, byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any


class RawProvider:
    """Answers each request with `answer`; where `hangs`, it keeps the connection then."""

    def __init__(self) -> None:
        self.answer, self.hangs = b"", False
        self.url = ""
        self.head = b""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.head = await reader.readuntil(b"\r\n\r\n")
            length = self.head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            writer.write(self.answer)
            await writer.drain()
            if self.hangs:
                await reader.read()
        writer.close()


@asynccontextmanager
async def raw_provider() -> AsyncIterator[RawProvider]:
    made = RawProvider()
    server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


def http(
    status: int, body: Any = b"", *headers: str, kind: str = "application/json", length: int | None = None
) -> bytes:
    """An answer; `length`, where it is not the body's."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", "connection: close", *headers]
    lines.append(f"content-length: {len(content) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def events(*data: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    """A stream, with status 200."""
    parts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in data]
    body = b"".join(b"data: " + each + b"\n\n" for each in parts) + end
    return http(200, body, kind="text/event-stream")


def delta(said: Any = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One event of chat completions."""
    return {"choices": [{"index": 0, "delta": said or {}, "finish_reason": reason}], **more}


def chat(message: Any = None, reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    """A whole answer of chat completions."""
    said = {"role": "assistant", "content": "Hi"} | (message or {})
    return {"choices": [{"index": 0, "message": said, "finish_reason": reason}], **more}
