"""An application that needs descriptors besides its connections', as calls do: a pair of sockets for each request. At `/block` it
keeps the loop from all else until `/probe` has been asked ten times."""

import asyncio
import socket
import time
from typing import Any

from serving import probes

_asked: list[int] = []


def _probed() -> tuple[int, bytes]:
    _asked.append(1)
    return 200, b'{"asked":%d}' % len(_asked)


probes.answers[b"/probe"] = _probed


def _block() -> None:
    ends_at = time.monotonic() + 30
    while len(_asked) < 10 and time.monotonic() < ends_at:
        sum(range(1000))  # as work of many calls: it lets go of the interpreter only when it is told to


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    status, body = 200, b"hello"
    if scope["path"] == "/block":
        _block()
        body = b"%d" % len(_asked)
    try:
        for one in socket.socketpair():
            one.close()
        await asyncio.sleep(0.05)
    except OSError as error:
        status, body = 500, str(error).encode()
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})
