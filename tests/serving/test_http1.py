"""HTTP/1.1: what uvicorn's own protocol leaves open."""

import asyncio
from contextlib import suppress

import pytest

from serving.http1 import Http1Protocol
from serving.limits import Limits
from tests.serving.servers import App, connected, serving, until

HEAD = b"POST /echo HTTP/1.1\r\nhost: x\r\n"


async def _answer(port: int, *parts: bytes) -> bytes:
    """All that a server says to these bytes until it closes."""
    async with connected(port) as (reader, writer):
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.05)  # so that they arrive apart
        async with asyncio.timeout(20):
            return await reader.read()


async def _is_served(port: int) -> bool:
    with suppress(ConnectionError):
        return await _answer(port, HEAD + b"connection: close\r\ncontent-length: 0\r\n\r\n") != b""
    return False


SLOW = {
    "nothing": ((), b""),
    "a part of the preface": ((b"PRI * HTTP",), b""),
    "headers without an end": ((HEAD, b"a: b\r\n"), b"HTTP/1.1 408 "),
    "a body without an end": ((HEAD + b"content-length: 99\r\n\r\nab", b"c"), b"HTTP/1.1 408 "),
}


@pytest.mark.parametrize("kind", SLOW)
async def test_slow_senders_are_let_go(kind, monkeypatch):
    monkeypatch.setenv("GATEHOUSE_HEADER_SECONDS", "0.4")
    monkeypatch.setenv("GATEHOUSE_BODY_SECONDS", "0.4")
    app = App()
    async with serving(app, timeout_keep_alive=30) as port:
        parts, expected = SLOW[kind]
        answer = await _answer(port, *parts)
        assert answer[: len(expected) or 1] == expected
        if "body" in kind:
            await until(lambda: app.seen["left before the end of the body"])


MANY = {
    "in one piece": (HEAD + b"a: " + b"x" * 9_000 + b"\r\n\r\n",),
    "in pieces": (HEAD + b"a: ", *[b"x" * 3_000] * 4),
    "in number": (HEAD + b"a: b\r\n" * 300 + b"\r\n",),
}


@pytest.mark.parametrize("kind", MANY)
async def test_endless_headers_are_refused(kind, monkeypatch):
    monkeypatch.setenv("GATEHOUSE_HEADER_BYTES", "8192")
    app = App()
    async with serving(app) as port:
        assert (await _answer(port, *MANY[kind])).startswith(b"HTTP/1.1 431 ")
    assert not app.scopes


async def test_a_large_body_with_its_headers_is_none_of_them(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_HEADER_BYTES", "8192")
    async with serving(App()) as port:
        body = b"x" * 60_000
        request = HEAD + b"connection: close\r\ncontent-length: 60000\r\n\r\n" + body
        answer = await _answer(port, request)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert body in answer


@pytest.mark.parametrize("apart", [False, True])
async def test_an_offer_of_http2_is_passed_over(apart):
    offer = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    parts = (HEAD + offer + b"content-length: 5\r\n\r\n", b"world")
    async with serving(App()) as port:
        answer = await _answer(port, *(parts if apart else (b"".join(parts),)))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"world" in answer


async def test_there_are_so_many_connections(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_CONNECTIONS", "2")
    async with serving(App()) as port:
        async with connected(port), connected(port):
            assert not await _is_served(port)
        async with asyncio.timeout(20):
            while not await _is_served(port):  # noqa: ASYNC110 - seen from without
                await asyncio.sleep(0.05)


async def test_where_too_many_have_shown_nothing_the_oldest_makes_room(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_UNPROVEN_CONNECTIONS", "2")
    async with serving(App()) as port, connected(port) as (oldest, _), connected(port) as (other, _):
        assert await _is_served(port)
        assert oldest.at_eof()
        assert not other.at_eof()


async def test_an_answer_that_nobody_takes_is_ended(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_STALLED_SECONDS", "0.3")
    app = App()
    async with serving(app) as port, connected(port) as (_, writer):
        writer.transport.pause_reading()
        writer.write(HEAD.replace(b"/echo", b"/endless") + b"content-length: 0\r\n\r\n")
        await until(lambda: app.seen["http.disconnect"])


def test_a_limit_that_is_no_number_is_said_by_name():
    with pytest.raises(ValueError, match="GATEHOUSE_HEADER_SECONDS"):
        Limits.from_environment({"GATEHOUSE_HEADER_SECONDS": "soon"})


async def test_one_connection_that_can_t_be_looked_at_keeps_no_other_from_its_end(monkeypatch):
    monkeypatch.setenv("GATEHOUSE_HEADER_SECONDS", "0.4")
    met = []

    def sweep(self, now):
        met.append(now)
        raise KeyError

    async with serving(App()) as port, connected(port) as (_, broken):
        monkeypatch.setattr(Http1Protocol, "sweep", sweep)
        broken.write(HEAD)
        await until(lambda: met)
        assert await _answer(port) == b""
