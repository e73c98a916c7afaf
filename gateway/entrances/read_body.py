"""A request's body, read whole and unpacked, within bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.entrances.encodings import unpacked
from gateway.refusals import too_large

Receive = Callable[[], Awaitable[dict[str, Any]]]

_MAX_UNPACKED_HERE = 16 * 1024
"""Packed bytes that are unpacked on the event loop; more would keep it from other calls."""


class ClientLeftError(Exception):
    """Whoever sent it has gone."""


async def read_body(receive: Receive, most: int, headers: dict[bytes, bytes]) -> bytes:
    """At most so many bytes, as sent and unpacked. ClientLeftError; refusals: request_too_large, unsupported_encoding."""
    body = await _sent_body(receive, most)
    if (encoding := headers.get(b"content-encoding")) is None:
        return body
    if len(body) <= _MAX_UNPACKED_HERE:
        return unpacked(body, encoding, most)
    return await asyncio.to_thread(unpacked, body, encoding, most)


async def _sent_body(receive: Receive, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise too_large(most)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else chunk
