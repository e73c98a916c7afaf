"""Questions to a child over HTTP."""

import http.client
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

SECONDS = 2.0


def answers(url: str) -> Callable[[], bool]:
    """A readiness probe: does GET of this address answer 200?"""
    parts = urlsplit(url)
    assert parts.hostname is not None
    host, port = parts.hostname, parts.port

    def probe() -> bool:
        connection = _connect(parts.scheme, host, port)
        try:
            connection.request("GET", parts.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def _connect(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    # A probe of our own child on this machine: its certificate is for others to check.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
