"""What the playground makes of a gateway that has yet to read what was made a moment ago."""

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from prompts.evaluations.streams import PlaygroundConsumer

BLIND = ("503 Service Unavailable", {"error": {"code": "not_auditable", "message": "No keys yet."}}, False)
UNKNOWN = ("401 Unauthorized", {"error": {"code": "invalid_api_key", "message": "Not valid."}}, False)
UNRECORDED = (
    "503 Service Unavailable",
    {"error": {"code": "not_auditable", "message": "Not written."}},
    True,
)
CALL_ID = "0198f000-0000-7000-8000-000000000001"


def _raw(status: str, body: Any, has_id: bool) -> bytes:
    text = json.dumps(body).encode()
    call_id = f"x-gatehouse-call-id: {CALL_ID}\r\n" if has_id else ""
    return (
        f"HTTP/1.1 {status}\r\ncontent-length: {len(text)}\r\nconnection: close\r\n{call_id}\r\n".encode()
        + text
    )


async def relayed(settings: Any, *answers: Any) -> tuple[list[str], int]:
    """Types and messages that a page got, and how often the gateway was asked."""
    left: Iterator[Any] = iter(answers)
    asked, shown = 0, []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        asked += 1
        writer.write(_raw(*next(left)))
        writer.close()
        await writer.wait_closed()

    async def send(message: dict[str, Any]) -> None:
        found = json.loads(message["text"])
        shown.append(f"{found['type']}: {found['message']}")

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        settings.GATEWAY_URL = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        consumer = PlaygroundConsumer()
        consumer.scope = {"user": SimpleNamespace(email="ann@example.com")}
        consumer.base_send = send
        prompt: Any = SimpleNamespace(name="p", pk=1)
        await consumer._relay("a", prompt, "key", {"version": 1, "variables": {}})
    return shown, asked


OK: Any = ("200 OK", {}, True)


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ((BLIND, UNKNOWN, OK), []),
        ((OK,), []),
        ((UNRECORDED,), ["error: Not written."]),  # the model was asked: once is enough
        ((("402 Payment Required", {"error": {"code": "budget_exceeded", "message": "Spent."}}, True),), ["error: Spent."]),
    ],
)  # fmt: skip
async def test_a_run_waits_until_its_key_is_known(settings: Any, answers: Any, shown: list[str]) -> None:
    assert await relayed(settings, *answers) == (shown, len(answers))
