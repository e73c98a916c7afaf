"""The event loop of web and gateway: uvloop's, whose servers accept what there is room for
(`--loop serving.loop:new_event_loop`)."""

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from uvloop import Loop

from serving.accepting import Acceptor

_Factory = Callable[[], asyncio.BaseProtocol]


class BoundedLoop(Loop):
    """Of what `create_server` takes, it knows what uvicorn uses."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: _Factory,
        host: str | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: Any = None,
    ) -> Acceptor:
        """Raises OSError where an address can't be bound."""
        listeners = [sock.dup()] if sock is not None else await _bound(self, host, port)
        for each in listeners:
            each.listen(backlog)
        return Acceptor(self, protocol_factory, listeners, ssl)

    async def create_unix_server(  # type: ignore[override]
        self, protocol_factory: _Factory, path: Any = None, *, backlog: int = 100, ssl: Any = None
    ) -> Acceptor:
        """Raises OSError where there can be no socket of this name; one that was left there is replaced."""
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.stat(path).st_mode):
                os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(path)
        except OSError:
            listener.close()
            raise
        listener.listen(backlog)
        return Acceptor(self, protocol_factory, [listener], ssl)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """What uvicorn makes."""
    return BoundedLoop()


async def _bound(loop: asyncio.AbstractEventLoop, host: str | None, port: int | None) -> list[socket.socket]:
    """A socket for each address of a name, or for all addresses of this host; as asyncio binds them."""
    found = await loop.getaddrinfo(host or None, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners
