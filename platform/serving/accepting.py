"""Accepting connections only while there are file descriptors for them; the others wait where the kernel keeps them, and are
answered later.

libuv accepts all that wait, and where descriptors run out it accepts and closes them (`uv__emfile_trick` in its src/unix/stream.c):
clients see a reset, for which nobody has said why.
"""

import asyncio
import errno
import logging
import os
import resource
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from socket import socket

from serving import probes
from serving.first_bytes import FirstBytesProtocol
from serving.guard import Guard
from serving.probes import StandIn

logger = logging.getLogger("uvicorn.error")

RESERVED = 32
"""Descriptors that are never given to connections of clients: for databases, files and names, and for models."""
_AT_ONCE = 32
"""Connections accepted in one turn of the loop; then others have theirs."""
_PAUSE_SECONDS = 0.02
_TOLD_EVERY = 30.0
_GONE = frozenset(
    getattr(errno, name)
    for name in ("ECONNABORTED", "EPROTO", "EPERM", "ETIMEDOUT", "ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH", "ENONET")
    if hasattr(errno, name)
)  # fmt: skip
"""Of one connection that was gone before it was accepted, and not of accepting (accept(2), "Error handling")."""


@dataclass(slots=True)
class Room:
    """What connections of clients may take of a process."""

    connections: Callable[[], int] | None = None
    """How many may be open, looked at again and again; None: as many as there are descriptors for."""

    def is_left(self, connections: int, descriptor: int) -> bool:
        """Whether one more may come. `descriptor` is one just opened: the system gives the lowest free number (POSIX,
        "File Descriptor Allocation"), so as many are in use at least."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and descriptor >= soft - RESERVED:
            return False
        return self.connections is None or connections < self.connections()


room = Room()
"""Of this process."""


class Acceptor:
    """Listens on some sockets; what uvicorn takes for an asyncio server."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        factory: Callable[[], asyncio.BaseProtocol],
        listeners: Sequence[socket],
        context: ssl.SSLContext | None,
    ) -> None:
        self._loop, self._factory, self._context = loop, factory, context
        self._listeners = tuple(listeners)
        self._guard: Guard | None = None
        self._beginning = set[asyncio.Task[None]]()
        """Connections of which nothing is known yet, as in the handshake of TLS."""
        self._is_open = True
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = -_TOLD_EVERY
        for listener in self._listeners:
            listener.setblocking(False)
        self._go_on()
        # In TLS it is not seen who is a probe.
        self._stand_in = (
            StandIn(loop, self._listeners, self._begin, self._has_room)
            if probes.answers and context is None
            else None
        )

    @property
    def sockets(self) -> tuple[socket, ...]:
        return self._listeners if self._is_open else ()

    def is_serving(self) -> bool:
        return self._is_open

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def close(self) -> None:
        """Accepts no more; connections that are there stay."""
        if not self._is_open:
            return
        self._is_open = False
        if self._stand_in is not None:
            self._stand_in.close()
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
        for listener in self._listeners:
            listener.close()

    async def wait_closed(self) -> None:
        """Returns at once: whoever runs the server waits for its connections."""

    @property
    def _connections(self) -> int:
        return (self._guard.connections if self._guard is not None else 0) + len(self._beginning)

    def _go_on(self) -> None:
        self._timer = None
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    def _stop(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener)

    def _accept(self, listener: socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _GONE:
                    continue
                self._pause(str(error))
                return
            # The one that is here already is served: what is reserved is more than one.
            descriptor = accepted.fileno()
            self._begin(accepted)
            if not room.is_left(self._connections, descriptor):
                self._pause(f"{self._connections} are open, and {descriptor} file descriptors in use")
                return

    def _pause(self, why: str) -> None:
        """Leaves who comes where the kernel keeps them, until there is room."""
        self._stop()
        self._timer = self._loop.call_later(_PAUSE_SECONDS, self._look)
        if self._loop.time() - self._told_at >= _TOLD_EVERY:
            self._told_at = self._loop.time()
            logger.warning("new connections wait: %s; raise `ulimit -Hn`, or run more workers", why)

    def _look(self) -> None:
        # First: whatever goes wrong below, it is looked again.
        self._timer = self._loop.call_later(_PAUSE_SECONDS, self._look)
        if self._has_room():
            self._timer.cancel()
            self._go_on()
        elif self._guard is not None:
            self._guard.make_room()

    def _has_room(self) -> bool:
        try:
            descriptor = os.dup(self._listeners[0].fileno())
        except OSError:
            return False
        os.close(descriptor)
        return room.is_left(self._connections, descriptor)

    def _begin(self, accepted: socket) -> None:
        task = self._loop.create_task(self._hand_on(accepted))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _hand_on(self, accepted: socket) -> None:
        accepted.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted, ssl=self._context)
        except Exception as error:
            # A handshake that fails, or a client that has left, is no news.
            if not isinstance(error, OSError | TimeoutError):
                logger.exception("a connection could not be begun")
            with suppress(OSError):
                accepted.close()

    def _protocol(self) -> asyncio.BaseProtocol:
        made = self._factory()
        if isinstance(made, FirstBytesProtocol):
            self._guard = made.guard
        return made
