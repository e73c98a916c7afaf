"""A process with few file descriptors: whoever connects is answered or waits, and is not reset."""

import asyncio
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket

import h2.events as e
import pytest

from embedded.ports import free_port
from embedded.server import LOOP, PROTOCOLS
from serving.accepting import RESERVED, Acceptor, Room
from serving.loop import new_event_loop
from tests.services import ROOT, python_environment
from tests.serving.servers import client, connected

LIMIT = 96
"""Python, its libraries and uvicorn take some 20 of them."""
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n%s\r\n"


@asynccontextmanager
async def few_descriptors(*options: str) -> AsyncIterator[int]:
    """A server of its own process, with the options that Gatehouse gives to it."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything goes on here
        [
            sys.executable, "-m", "uvicorn", "tests.serving.opening_app:app", "--host", "127.0.0.1", "--port", str(port),
            "--loop", LOOP, "--http", PROTOCOLS, "--backlog", "4096", "--lifespan", "off", "--log-level", "critical", *options,
        ],
        cwd=ROOT, env=python_environment(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT)),
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while await _once(port) != 200:  # noqa: ASYNC110 - seen from without
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


async def _once(port: int) -> int | str:
    try:
        async with connected(port) as (reader, writer):
            writer.write(REQUEST % b"connection: close\r\n")
            return int((await reader.readuntil(b"\r\n")).split()[1])
    except (OSError, EOFError) as error:
        return type(error).__name__


async def _once_in_http2(port: int) -> int | str:
    try:
        async with client(port) as found:
            stream = found.ask(body=b"")
            await found.say()
            answer = await found.until(e.ResponseReceived, stream)
            return int(dict(answer.headers)[b":status"])
    except (OSError, EOFError) as error:
        return type(error).__name__


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("kind", [_once, _once_in_http2])
async def test_of_many_at_once_each_is_answered(kind, workers):
    async with few_descriptors("--workers", workers) as port, asyncio.timeout(60):
        answers = await asyncio.gather(*(kind(port) for _ in range(400)))
        assert Counter(answers) == {200: 400}


async def test_connections_that_wait_for_nothing_make_room_for_those_who_ask():
    async with few_descriptors("--timeout-keep-alive", "600") as port, asyncio.timeout(60):
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(LIMIT)]
        for _, writer in kept:
            writer.write(REQUEST % b"")
        answers = [(await reader.readuntil(b"\r\n")).split()[1] for reader, _ in kept]
        assert Counter(answers) == {b"200": LIMIT}
        assert await _once(port) == 200
        for _, writer in kept:
            writer.close()


async def test_accepting_outlives_what_it_meets():
    """A table of the system that is full, a client that is gone: both pass."""
    loop = asyncio.get_running_loop()
    served = asyncio.Event()

    class Served(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            served.set()

    class Listener(socket):
        errors = [23, 24, 12, 103, 1, 5]  # ENFILE, EMFILE, ENOMEM, ECONNABORTED, EPERM, EIO

        def accept(self):
            if self.errors:
                raise OSError(self.errors.pop(), "as told")
            return super().accept()

    listener = Listener()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    acceptor = Acceptor(loop, Served, [listener], None)
    async with asyncio.timeout(20), connected(listener.getsockname()[1]):
        await served.wait()
    acceptor.close()


def test_what_is_reserved_is_left(monkeypatch):
    """The loop that Gatehouse runs on accepts no connection into the reserve."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert Room().is_left(10, soft - RESERVED - 1)
    assert not Room().is_left(10, soft - RESERVED)
    assert not Room(lambda: 10).is_left(10, 3)


@pytest.mark.parametrize("host", [None, "localhost", "127.0.0.1"])
def test_its_servers_listen_on_every_address_of_a_name(host):
    async def look() -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, host, 0)
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(server.sockets[0].getsockname()[0], port)
        writer.close()
        server.close()
        return len(server.sockets)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(look()) == 0


async def test_while_the_loop_is_late_probes_are_answered_and_others_wait_for_it():
    """What keeps the loop is over only when ten probes were answered meanwhile."""
    async with few_descriptors() as port, asyncio.timeout(60), connected(port) as (reader, writer):
        writer.write(b"GET /block HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await asyncio.sleep(0.2)
        others = asyncio.gather(*(_once(port) for _ in range(5)))
        told = []
        for _ in range(10):
            async with connected(port) as (probe, asking):
                asking.write(b"GET /probe?a HTTP/1.1\r\nhost: x\r\n\r\n")
                told.append(await probe.read())
        assert [answer.rpartition(b"\r\n")[2] for answer in told] == [
            b'{"asked":%d}' % n for n in range(1, 11)
        ]
        assert all(answer.startswith(b"HTTP/1.1 200 OK\r\n") for answer in told)
        assert (await reader.read()).endswith(b"\r\n10")
        assert await others == [200] * 5
