"""A load generator that costs little itself: raw asyncio, connections kept, one request at a time on each."""

import asyncio
import json
import time
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a run saw: how long each request took (seconds), how long to the first byte of a stream, and errors."""

    seconds: list[float] = field(default_factory=list)
    first_byte: list[float] = field(default_factory=list)
    errors: int = 0


def request_bytes(path: str, *, body: bytes | None, key: str = "") -> bytes:
    """The bytes of one request."""
    head = f"{'POST' if body is not None else 'GET'} {path} HTTP/1.1\r\nhost: bench\r\n"
    if key:
        head += f"authorization: Bearer {key}\r\n"
    if body is not None:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + (body or b"")


def prompts(count: int, *, stream: bool = False) -> list[bytes]:
    """Chat bodies of about 500 characters that differ from each other; one of ten has personal data in it."""
    words = [
        "plan",
        "review",
        "budget",
        "summary",
        "customer",
        "answer",
        "method",
        "window",
        "report",
        "result",
        "table",
        "value",
        "letter",
        "order",
    ]
    bodies = []
    for number in range(count):
        text = " ".join(words[(number * 7 + place * (number % 11 + 1)) % len(words)] for place in range(70))
        text = f"Case {number}: {text}"
        if number % 10 == 0:
            text += f" Write to person{number}@example.com or call 415-555-{number % 9000 + 1000}."
        body = {
            "model": "bench",
            "messages": [{"role": "user", "content": text}],
            "max_tokens": 200,
            "stream": stream,
        }
        bodies.append(json.dumps(body).encode())
    return bodies


async def run(*, port: int, requests: list[bytes], concurrency: int) -> Outcome:
    """Sends the requests over `concurrency` connections."""
    outcome = Outcome()
    pending = iter(requests)

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in pending:
            begun = time.perf_counter()
            writer.write(request)
            status = await _read_answer(reader, outcome, begun)
            outcome.seconds.append(time.perf_counter() - begun)
            if status != 200:
                outcome.errors += 1
        writer.close()

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return outcome


async def _read_answer(reader: asyncio.StreamReader, outcome: Outcome, begun: float) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if b"transfer-encoding: chunked" not in head:
        start = head.find(b"content-length:")
        await reader.readexactly(int(head[start + 15 :].split(b"\r\n", 1)[0]))
        return status
    is_first = True
    while True:
        size = int(await reader.readline(), 16)
        await reader.readexactly(size + 2)
        if is_first:
            outcome.first_byte.append(time.perf_counter() - begun)
            is_first = False
        if size == 0:
            return status
