"""A static Bedrock: answers every request with the same bytes, as cheaply as asyncio can. `python -m tests.bench.upstream PORT`."""

import asyncio
import json
import sys
from zlib import crc32

TEXT = "The quick answer is that it depends on how much of the work can be done ahead of time. " * 3
ANSWER = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 120, "outputTokens": 60, "totalTokens": 180},
        "metrics": {"latencyMs": 1},
    }
).encode()
UNARY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: bench\r\ncontent-length: "
    + str(len(ANSWER)).encode()
    + b"\r\n\r\n"
    + ANSWER
)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
    b"x-amzn-requestid: bench\r\ntransfer-encoding: chunked\r\n\r\n"
)
TOKENS = 40


def frame(event_type: str, payload: dict[str, object]) -> bytes:
    """An event-stream frame as one HTTP chunk."""
    headers = b"".join(
        bytes((len(name),)) + name + b"\x07" + len(value).to_bytes(2, "big") + value
        for name, value in (
            (b":event-type", event_type.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    body = json.dumps(payload).encode()
    lengths = (16 + len(headers) + len(body)).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    message = lengths + crc32(lengths).to_bytes(4, "big") + headers + body
    message += crc32(message).to_bytes(4, "big")
    return f"{len(message):x}\r\n".encode() + message + b"\r\n"


START = frame("messageStart", {"role": "assistant"})
DELTA = frame("contentBlockDelta", {"delta": {"text": " token"}, "contentBlockIndex": 0})
END = (
    frame("contentBlockStop", {"contentBlockIndex": 0})
    + frame("messageStop", {"stopReason": "end_turn"})
    + frame(
        "metadata",
        {
            "usage": {"inputTokens": 120, "outputTokens": TOKENS, "totalTokens": 220},
            "metrics": {"latencyMs": 1},
        },
    )
    + b"0\r\n\r\n"
)


class Upstream(asyncio.Protocol):
    """One connection. A stream's first token comes at once, then one each `interval` seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            is_stream = b"converse-stream" in head.split(b"\r\n", 1)[0]
            self._buffer = self._buffer[end + 4 + length :]
            if is_stream:
                self._transport.write(STREAM_HEAD + START)
                self._next(TOKENS)
            else:
                self._transport.write(UNARY)

    def _next(self, left: int) -> None:
        if self._transport.is_closing():
            return
        if left == 0:
            self._transport.write(END)
            return
        self._transport.write(DELTA)
        asyncio.get_running_loop().call_later(self._interval, self._next, left - 1)


async def main() -> None:
    port, interval = int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    server = await asyncio.get_running_loop().create_server(
        lambda: Upstream(interval), "127.0.0.1", port, backlog=4096
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
