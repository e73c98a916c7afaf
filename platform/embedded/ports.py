"""TCP ports: is one free, find one, and keep it over restarts."""

import errno
import json
import socket
from pathlib import Path
from random import SystemRandom

from embedded.errors import StartError
from embedded.folder import write_private

FILE_NAME = "ports.json"
LOOPBACK = "127.0.0.1"
_OF_SERVERS = range(20_000, 32_000)
"""No usual system gives these to outgoing connections: one could have the port before the server that it is for."""


def require_free(host: str, port: int, *, variable: str) -> None:
    """Raises StartError, naming the variable to change, when nothing could listen on the address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise StartError(f"GATEHOUSE_HOST is {host!r}: no such address.") from None
    with socket.socket(family, kind, protocol) as listener:
        # As servers do: connections of a server that has just ended do not count as taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"Port {port} on {host} is taken by another program: stop it, or set {variable}."
            elif error.errno == errno.EACCES:
                message = f"Port {port} needs more rights than you have: set {variable} to one above 1023."
            else:
                message = (
                    f"Cannot listen on {host}:{port}: {error.strerror}. Set GATEHOUSE_HOST or {variable}."
                )
            raise StartError(message) from None


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    try:
        require_free(LOOPBACK, port, variable="")
    except StartError:
        return False
    return True


def free_port() -> int:
    """A port of the loopback address that nobody listens on. Raises StartError."""
    tried = SystemRandom().sample(_OF_SERVERS, 100)
    port = next(filter(is_free, tried), None)
    if port is None:
        raise StartError(f"None of a hundred ports that were tried is free on {LOOPBACK}.")
    return port


def kept_port(data_dir: Path, name: str) -> int:
    """The port this service of the data folder had last time; another one when that is taken now."""
    path = data_dir / FILE_NAME
    try:
        ports = json.loads(path.read_text())
    except (OSError, ValueError):
        ports = {}
    ports = ports if isinstance(ports, dict) else {}
    kept = ports.pop(name, None)
    if isinstance(kept, int) and kept not in ports.values() and is_free(kept):
        return kept
    port = free_port()
    while port in ports.values():  # what another service is about to listen on may look free still
        port = free_port()
    write_private(path, json.dumps({**ports, name: port}))
    return port
