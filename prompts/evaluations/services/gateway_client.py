"""Calls of the gateway by Gatehouse itself, over HTTP like everybody's, with a team's internal key."""

import json
import ssl
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings

from kernel.errors import UnavailableError

TIMEOUT_SECONDS = 330.0
"""Longer than a route's usual timeout, so that it is the gateway that gives up first, and says what came of it."""
_CONNECT_SECONDS = 10.0
_MAX_BYTES = 32 * 1024 * 1024


class NotSentError(UnavailableError):
    """The gateway could not be reached, so nothing was called."""


class OutcomeUnknownError(UnavailableError):
    """The call was sent, and its answer did not come: the record will say what became of it."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway answered."""

    status: int
    body: dict[str, Any]
    call_id: UUID | None = None
    retry_after: float | None = None

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of a refusal."""
        error = self.body.get("error")
        found = error if isinstance(error, dict) else {}
        return str(found.get("code") or f"http_{self.status}"), str(
            found.get("message") or "No reason was given."
        )


def post(path: str, body: dict[str, Any], *, key: str, request_id: str, feature: str) -> Answer:
    """One call, answered. Raises NotSentError and OutcomeUnknownError."""
    parts = urlsplit(settings.GATEWAY_URL)
    connection = _connected(parts.scheme, parts.hostname or "", parts.port)
    headers = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Request-ID": request_id,
        "X-Gatehouse-Feature": feature, "User-Agent": "Gatehouse",
    }  # fmt: skip
    try:
        assert connection.sock is not None
        connection.sock.settimeout(TIMEOUT_SECONDS)
        connection.request("POST", parts.path.rstrip("/") + path, json.dumps(body).encode(), headers)
        response = connection.getresponse()
        return _answer(response, response.read(_MAX_BYTES))
    except (OSError, HTTPException) as error:
        raise OutcomeUnknownError(f"The gateway did not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()


@cache
def _tls() -> ssl.SSLContext:
    """One for all calls: to make it, the certificates of all authorities are read."""
    return ssl.create_default_context()


def _connected(scheme: str, host: str, port: int | None) -> HTTPConnection:
    connection = (
        HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=_tls())
        if scheme == "https"
        else HTTPConnection(host, port, timeout=_CONNECT_SECONDS)
    )
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        raise NotSentError(f"The gateway can't be reached at {settings.GATEWAY_URL}: {error}. Set GATEHOUSE_GATEWAY_URL.") from error  # fmt: skip
    return connection


def _answer(response: HTTPResponse, raw: bytes) -> Answer:
    try:
        body = json.loads(raw)
    except ValueError as error:
        if 200 <= response.status < 300:
            raise OutcomeUnknownError("The gateway's answer was no JSON.") from error
        body = {}
    return Answer(
        status=response.status,
        body=body if isinstance(body, dict) else {},
        call_id=_uuid(response.headers.get("x-gatehouse-call-id")),
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None
