"""A TCP address that leads elsewhere from one moment on, as a changed name or a floating address does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from embedded.ports import free_port

_CHUNK = 1 << 16


class Moving:
    """Listens on `port`. Connections that are there already stay where they led."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, target: int) -> None:
        """New connections go there."""
        self._target = target

    def close(self) -> None:
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()


@contextmanager
def moving(target: int) -> Iterator[Moving]:
    """An address that leads to a port of this host."""
    with closing(Moving(target)) as found:
        yield found


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
