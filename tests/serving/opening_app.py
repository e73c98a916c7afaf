"""An application that needs descriptors besides its connections', as calls do: a pair of sockets for each request."""

import asyncio
import socket
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    status, body = 200, b"hello"
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
