"""Posts to webhooks that people type in: to public addresses only, looked up once, without following redirects."""

import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from governance.alerts.policy import is_public
from kernel.errors import UnavailableError

_TIMEOUT_SECONDS = 10.0


class UndeliverableError(UnavailableError):
    """The other side can't be reached, may not be, or did not take it. The message says which."""


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Posts JSON. UndeliverableError unless it is answered with 2xx."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UndeliverableError(f"This is no URL that can be posted to: {error}.") from error
    if parts.scheme != "https" and not settings.ALERTS_ALLOW_PRIVATE:
        raise UndeliverableError("Only https is allowed.")
    address = _address(host, port)
    connection = _connection(parts.scheme, host, port, address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Content-Type": "application/json", "User-Agent": "Gatehouse", **headers}
    try:
        connection.request("POST", path, body, sent)
        status = connection.getresponse().status
    except (OSError, HTTPException, UnicodeError) as error:
        raise UndeliverableError(f"{host} can't be reached: {error}") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise UndeliverableError(f"{host} answered {status}.")


def _address(host: str, port: int) -> str:
    """Where the host is. What was looked up is what is connected to: a name cannot change in between."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a label that no name can have
        raise UndeliverableError(f"{host[:100]} is not known.") from error
    address = str(found[0][4][0])
    if not settings.ALERTS_ALLOW_PRIVATE and not all(is_public(str(entry[4][0])) for entry in found):
        raise UndeliverableError(
            f"{host} is not on the internet. GATEHOUSE_ALERTS_ALLOW_PRIVATE would allow it."
        )
    return address


def _connection(scheme: str, host: str, port: int, address: str) -> HTTPConnection:
    connection: Any
    if scheme == "https":
        connection = HTTPSConnection(
            host, port, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    connection._create_connection = lambda _, *rest: socket.create_connection((address, port), *rest)
    found: HTTPConnection = connection
    return found
