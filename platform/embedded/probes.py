"""Questions to a child over HTTP."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

SECONDS = 2.0


def answers(url: str) -> Callable[[], bool]:
    """A readiness probe: does GET of this address answer 200?"""
    parts = urlsplit(url)
    assert parts.hostname is not None
    host, port = parts.hostname, parts.port

    def probe() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            connection.request("GET", parts.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe
