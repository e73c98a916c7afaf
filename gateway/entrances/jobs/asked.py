"""What is asked of a job with its headers, and the entrance that its call is made at."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings

from gateway.call.idempotency import given_key
from gateway.entrances.body_bounds import LARGE_BODY
from gateway.entrances.formats.entrance import Entrance, Parsed
from gateway.entrances.formats.incoming import Scope, headers_of
from gateway.entrances.table import Answers, find
from gateway.jobs.policy import MAX_DEADLINE_SECONDS, PRIORITIES, webhook_problem
from gateway.refusals import Refusal, too_deep
from gateway.snapshot.state import Snapshot

PREFIX = "/v1/async/"
_MAX_WEBHOOK, _MAX_DIGITS = 500, 6
_LEFT_OUT = frozenset(
    {
        b"authorization", b"x-api-key", b"cookie", b"proxy-authorization", b"host", b"content-length", b"content-encoding",
        b"transfer-encoding", b"connection", b"expect", b"idempotency-key", b"x-gatehouse-webhook", b"x-gatehouse-deadline",
        b"x-gatehouse-priority", b"x-amz-date", b"x-amz-security-token", b"accept-encoding",
    }
)  # fmt: skip
"""Headers that are not kept: what proves who calls, what is of one connection alone, and what is the job's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a job is to be made."""

    deadline_seconds: int
    priority: int
    webhook: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The entrance of a job's call, and its request as that entrance would have it."""

    scope: Scope
    entrance: Entrance


def terms_of(headers: dict[bytes, bytes]) -> Terms:
    """Refusal: invalid_request, with the header that it lies with."""
    return Terms(
        deadline_seconds=_deadline(headers),
        priority=_priority(headers),
        webhook=_webhook(headers),
        idempotency_key=_idempotency_key(headers),
    )


def _text(headers: dict[bytes, bytes], name: str) -> str:
    return headers.get(name.lower().encode(), b"").decode("latin-1").strip()


def _deadline(headers: dict[bytes, bytes]) -> int:
    name = "X-Gatehouse-Deadline"
    if not (text := _text(headers, name)):
        return int(settings.JOBS_DEADLINE_SECONDS)
    digits = text.lstrip("0") if text.isascii() and text.isdecimal() else ""
    if not (1 <= len(digits) <= _MAX_DIGITS and int(digits) <= MAX_DEADLINE_SECONDS):
        told = f"{name} is a whole number of seconds from 1 to {MAX_DEADLINE_SECONDS:,} (a day)."
        raise Refusal("invalid_request", told, param=name)
    return int(digits)


def _priority(headers: dict[bytes, bytes]) -> int:
    name = "X-Gatehouse-Priority"
    text = _text(headers, name).lower() or "normal"
    if text not in PRIORITIES:
        raise Refusal("invalid_request", f"{name} is {', '.join(PRIORITIES)}.", param=name)
    return PRIORITIES[text]


def _webhook(headers: dict[bytes, bytes]) -> str:
    name = "X-Gatehouse-Webhook"
    if not (url := _text(headers, name)):
        return ""
    problem = webhook_problem(
        url, tuple(settings.JOBS_WEBHOOK_HOSTS), allows_http=settings.ALERTS_ALLOW_PRIVATE
    )
    if len(url) > _MAX_WEBHOOK:
        problem = f"It has more than {_MAX_WEBHOOK} characters."
    if problem:
        raise Refusal("invalid_request", f"{name} can't be used: {problem}", param=name)
    return url


def _idempotency_key(headers: dict[bytes, bytes]) -> str:
    return "" if given_key(headers) is None else _text(headers, "Idempotency-Key")


def inner_scope(scope: Scope) -> Scope:
    """The request as it would have come to the entrance: without the prefix, and without who proves to be calling."""
    path = _inner(scope["path"])
    raw = scope.get("raw_path")
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": _inner(raw.decode("latin-1")).encode("latin-1") if raw else quote(path).encode(),
        "query_string": b"",
        "headers": [(name, value) for name, value in scope["headers"] if name not in _LEFT_OUT],
        "client": scope.get("client"),
    }


def _inner(path: str) -> str:
    """`/v1/async/messages`, and `/v1/async/v1/messages` of SDKs that add `/v1` themselves, are both `/v1/messages`."""
    rest = path.removeprefix(PREFIX)
    return f"/{rest}" if rest.startswith(("bedrock/", "v1/")) else f"/v1/{rest}"


def door_of(scope: Scope, snapshot: Snapshot) -> Door:
    """Where a job's call is made. Refusals: not_found, invalid_request for what can only be answered as a stream."""
    found = find(scope)
    if found is None or found[0].entrance is None:
        told = (
            f"No call can be made later at {scope['path'][:200]}. After {PREFIX} comes the address of an entrance: "
            f"{PREFIX}chat/completions, {PREFIX}messages, {PREFIX}bedrock/model/<id>/converse, {PREFIX}prompts/<name>/run."
        )
        raise Refusal("not_found", told, may_retry=False)
    address, parts = found
    if address.answers is Answers.STREAM:
        whole = "converse" if scope["path"].endswith("converse-stream") else "invoke"
        told = f"A job is answered whole, not streamed: use {whole}, and ask for the job by its id."
        raise Refusal("invalid_request", told)
    return Door(scope=scope, entrance=address.entrance_of(parts, snapshot))


async def parsed_by(door: Door, body: bytes) -> Parsed:
    """The request as the entrance reads it. Refusal: invalid_request, also for one that asks for a stream."""
    headers = headers_of(door.scope)
    parse: Any = door.entrance.parse
    try:
        parsed: Parsed = (
            parse(body, headers) if len(body) < LARGE_BODY else await asyncio.to_thread(parse, body, headers)
        )
    except RecursionError as error:
        raise too_deep() from error
    if parsed.is_stream:
        told = "A job is answered whole, not streamed: leave 'stream' out, and ask for the job by its id."
        raise Refusal("invalid_request", told, param="stream")
    return parsed
