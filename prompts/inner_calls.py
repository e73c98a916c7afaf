"""Calls of the gateway by Gatehouse itself, over HTTP like everybody's, with a team's internal key."""

import json
import os
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings

from kernel.http_client import HttpClient, NotSentError, OutcomeUnknownError, Reply

__all__ = ["Answer", "NotSentError", "OutcomeUnknownError", "exchange", "post"]

TIMEOUT_SECONDS = 330.0
"""Longer than a route's usual timeout, so that it is the gateway that gives up first, and says what came of it."""
_MAX_BYTES = 32 * 1024 * 1024
_KEPT_CONNECTIONS = 32


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
    return _answer(exchange(path, body, key=key, feature=feature, headers={"X-Request-ID": request_id}))


def exchange(
    path: str, body: dict[str, Any], *, key: str, feature: str, headers: dict[str, str] | None = None,
    seconds: float = TIMEOUT_SECONDS,
) -> Reply:  # fmt: skip
    """What came back, as it came, within so many seconds. Raises NotSentError and OutcomeUnknownError."""
    sent = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Gatehouse-Feature": feature,
        "User-Agent": "Gatehouse", **(headers or {}),
    }  # fmt: skip
    where = urlsplit(settings.GATEWAY_URL).path.rstrip("/") + path
    try:
        return _client(settings.GATEWAY_URL).post(
            where, json.dumps(body).encode(), sent, seconds=seconds, max_bytes=_MAX_BYTES
        )
    except NotSentError as error:
        raise NotSentError(f"The gateway can't be reached at {settings.GATEWAY_URL}: {error}. Set GATEHOUSE_GATEWAY_URL.") from error  # fmt: skip
    except OutcomeUnknownError as error:
        raise OutcomeUnknownError(f"The gateway did not answer: {error}") from error


@cache
def _client(url: str) -> HttpClient:
    """One for all calls: connections are kept, and the certificates of all authorities are read once."""
    parts = urlsplit(url)
    return HttpClient(parts.scheme, parts.hostname or "", parts.port, kept=_KEPT_CONNECTIONS)


os.register_at_fork(after_in_child=_client.cache_clear)  # connections are their process's own


def _answer(reply: Reply) -> Answer:
    try:
        body = json.loads(reply.body)
    except ValueError as error:
        if 200 <= reply.status < 300:
            raise OutcomeUnknownError("The gateway's answer was not JSON.") from error
        body = {}
    return Answer(
        status=reply.status,
        body=body if isinstance(body, dict) else {},
        call_id=_uuid(reply.headers.get("x-gatehouse-call-id")),
        retry_after=_seconds(reply.headers.get("retry-after")),
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None
