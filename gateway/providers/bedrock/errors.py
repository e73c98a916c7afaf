"""PURE: Bedrock's errors as refusals. What each means is a row of `error_rules`."""

import re
from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Any

import orjson

from gateway.providers.bedrock.error_rules import Fault, rule_of
from gateway.refusals import Refusal
from gateway.wire.retry_after import seconds_of

_MAX_MESSAGE_LENGTH = 500
_USUAL_WAIT_SECONDS, _USED_UP_SECONDS = 1, 60
"""Where Bedrock throttles and does not say how long: by the minute, and where a quota is used up for longer."""
_OF_MODEL = re.compile(r"^(?:The model returned the following errors: |Malformed input request: )+")
_TOLD = {
    "context_length_exceeded": "The model refused the prompt",
    "max_tokens_exceeded": "The model refused max_tokens",
}


def error_type(header: str) -> str:
    """The name of an error in `x-amzn-errortype`, or in `__type`: AWS may put an address behind it, or a name space before."""
    return header.partition(":")[0].rpartition("#")[2]


def refusal_of(
    *, kind: str, status: int, body: bytes, region: str, wait_seconds: float | None = None
) -> Refusal:
    """The refusal for an error of Bedrock: of a whole answer, or an exception frame (kind in either casing)."""
    document = _document(body)
    kind = kind or error_type(str(document.get("__type") or ""))
    kind = kind[:1].upper() + kind[1:]
    message = message_of(body)
    rule = rule_of(kind, status, (_of_model(message), _of_model(str(document.get("originalMessage") or ""))))
    retry_after = None if wait_seconds is None else max(1, ceil(wait_seconds))
    if rule.code == "upstream_throttled":
        retry_after = retry_after or (_USED_UP_SECONDS if rule.tells_admins else _USUAL_WAIT_SECONDS)
    told = {
        Fault.CALLER: f"{_TOLD.get(rule.code, 'The model refused the request')}: {message}",
        Fault.PROVIDER: f"Bedrock in {region} answered {kind or status}: {message}",
        Fault.ADMINS: f"Bedrock in {region} can't be asked for this model: {rule.words}. Only an administrator of Gatehouse "
        "can mend that; until then the same call will fail again.",
    }[rule.fault]
    return Refusal(
        rule.code,
        told,
        retry_after=retry_after if rule.may_retry else None,
        wait_seconds=wait_seconds,
        may_retry=rule.may_retry,
        may_fail_over=rule.fails_over,
        exception=kind,
        for_admins=rule.words if rule.tells_admins else "",
        detail=f"{kind or status}: {message}",
    )


def wait_of(header: Callable[[str], str], *, now: datetime) -> float | None:
    """How many seconds AWS asks to wait: `x-amz-retry-after` in milliseconds, or `retry-after`."""
    return seconds_of(header("retry-after"), milliseconds=header("x-amz-retry-after"), now=now)


def message_of(body: bytes) -> str:
    """What an error answer says, cut to a length that logs can bear."""
    document = _document(body)
    text = document.get("message") or document.get("Message") or ""
    return str(text)[:_MAX_MESSAGE_LENGTH] or "no message"


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _of_model(message: str) -> str:
    """The model's own words, without what the service puts before them; out of its JSON, where they are in one."""
    message = _OF_MODEL.sub("", message)
    if message.startswith("{"):
        inner = _document(message.encode())
        found = inner.get("error", inner)
        if isinstance(found, dict) and isinstance(text := found.get("message"), str):
            return text
    return message
