"""Where a host is, within a deadline: a resolver that does not answer would hold its caller for half a minute or more."""

import queue
import socket
import threading
from contextlib import suppress


def addresses_of(host: str, port: int, *, seconds: float) -> list[str]:
    """Its addresses, in the order to try them. OSError where there are none, or none in time."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
    thread = threading.Thread(target=_look_up, args=(host, port, found), name="lookup", daemon=True)
    thread.start()  # it ends when the resolver gives up: nothing stops it before
    with suppress(queue.Empty):
        result = found.get(timeout=max(0.0, seconds))
        if isinstance(result, OSError):
            raise result
        return result
    raise TimeoutError(f"{host[:100]} was not found in {seconds:.0f} s")


def _look_up(host: str, port: int, found: "queue.SimpleQueue[list[str] | OSError]") -> None:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.put([str(entry[4][0]) for entry in entries])
    except OSError as error:
        found.put(error)
    except UnicodeError as error:  # a label that no name can have
        found.put(OSError(str(error)))
