"""HTTP to providers of models: one pooled client. The library was chosen by measurement (docs/decisions/0003-upstream-http.md)."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

from pyreqwest.bytes import Bytes
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    ConnectError,
    ConnectTimeoutError,
    PoolTimeoutError,
    RequestError,
    RequestTimeoutError,
)
from pyreqwest.response import Response, ResponseBodyReader

from gateway.refusals import Refusal
from kernel.descriptors import EXHAUSTED

logger = logging.getLogger(__name__)

_ERROR_SECONDS = 5.0
_MAX_ERROR_BYTES = 64 * 1024
_MAX_DIGITS = 8
_MAX_ANSWER_BYTES = 100_000_000
"""Of an answer that comes whole. The largest are 2,048 vectors of 3,072 numbers in digits: about 75 MB."""
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class UpstreamAnswer(Protocol):
    """An HTTP answer whose body can be read whole or piece by piece."""

    status: int

    def header(self, name: str) -> str: ...
    async def read(self) -> bytes: ...
    def chunks(self) -> AsyncIterator[bytes]: ...


class UnreachableError(Exception):
    """No connection came about: nothing was sent, nothing is billed."""


class BrokenError(Exception):
    """The connection broke after the request was sent."""


class Pieces:
    """Of an answer that comes whole."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, piece: bytes) -> None:
        """Raises BrokenError for what goes on and on."""
        self._size += len(piece)
        if self._size > _MAX_ANSWER_BYTES:
            raise BrokenError
        self._parts.append(piece)

    def joined(self) -> bytes:
        """All that came."""
        return b"".join(self._parts)


class _Answer:
    def __init__(self, response: Response, deadline: float) -> None:
        self._response = response
        self._deadline = deadline
        self.status = response.status

    def header(self, name: str) -> str:
        try:
            return self._response.get_header(name) or ""
        except ValueError:  # bytes that are no text
            return ""

    async def read(self) -> bytes:
        length = self.header("content-length")
        if not (length.isdecimal() and len(length) <= _MAX_DIGITS):
            return await self._read_within_bounds()
        with _translated():
            async with asyncio.timeout_at(self._deadline):
                return bytes(await self._response.bytes())

    async def _read_within_bounds(self) -> bytes:
        """What does not say how long it is, or says that it is longer than any answer, may have no end."""
        pieces = Pieces()
        async for chunk in self.chunks():
            pieces.add(chunk)
        return pieces.joined()

    async def chunks(self) -> AsyncIterator[bytes]:
        reader = self._response.body_reader
        with _translated():
            while (chunk := await self._next(reader)) is not None:
                yield bytes(chunk)

    async def _next(self, reader: ResponseBodyReader) -> Bytes | None:
        async with asyncio.timeout_at(self._deadline):
            return await reader.read_chunk()


class _translated:  # noqa: N801 - reads as a word at its uses
    """Turns the library's errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PoolTimeoutError):
            raise Refusal(
                "overloaded", "Gatehouse has too many calls under way. Please try again."
            ) from error
        if isinstance(error, ConnectError) and _is_ours(error):
            logger.error("no connection to a provider: this host has none left (%s)", error.details)
            raise Refusal(
                "overloaded", "Gatehouse's host has no connections left. Please try again.", retry_after=1
            ) from error
        if isinstance(error, ConnectError | ConnectTimeoutError):
            raise UnreachableError from error
        if isinstance(error, RequestTimeoutError):
            raise TimeoutError from error
        if isinstance(error, RequestError):
            raise BrokenError from error


def _is_ours(error: ConnectError) -> bool:
    """Whether it is this host that can't connect. The library tells the system's errors in words alone: "… (os error 24)"."""
    causes = (error.details or {}).get("causes") or ()
    numbers = (int(number) for each in causes for number in _OS_ERROR.findall(str(each.get("message"))))
    return any(number in EXHAUSTED for number in numbers)


class Transport:
    """A pool of kept connections. HTTP/1.1: one stream a connection, so that a slow reader blocks no other."""

    def __init__(self, *, max_connections: int, connect_timeout_seconds: float) -> None:
        builder = ClientBuilder().http1_only().follow_redirects(False).max_connections(max_connections)
        builder = builder.connect_timeout(timedelta(seconds=connect_timeout_seconds)).tcp_nodelay(True)
        builder = builder.pool_max_idle_per_host(max_connections).pool_idle_timeout(timedelta(seconds=50))
        builder = builder.pool_timeout(timedelta(seconds=connect_timeout_seconds))
        self._client: Client = builder.build()

    async def close(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def post(
        self, url: str, *, headers: dict[str, str], body: bytes, timeout_seconds: float
    ) -> AsyncIterator[UpstreamAnswer]:
        """Sends a request; leaving the context early closes the connection, which ends the model's work."""
        builder = self._client.post(url).headers(headers).body_bytes(body)
        # The library reads 64 kB ahead before it hands out an answer; a stream's first token must not wait for that.
        request = builder.streamed_read_buffer_limit(0).build_streamed()
        # A deadline of our own: the library tells its own of a whole request like one of connecting.
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        with _translated():
            async with asyncio.timeout_at(deadline):
                response = await request.__aenter__()
        try:
            yield _Answer(response, deadline)
        finally:
            await request.__aexit__(None, None, None)


async def words_of(answer: UpstreamAnswer) -> bytes:
    """What an error says, as far as it comes: its status is known, whatever becomes of its words."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_ERROR_SECONDS):
            async for chunk in answer.chunks():
                parts.append(chunk)
                size += len(chunk)
                if size >= _MAX_ERROR_BYTES:
                    break
    except (BrokenError, TimeoutError):
        pass
    return b"".join(parts)[:_MAX_ERROR_BYTES]
