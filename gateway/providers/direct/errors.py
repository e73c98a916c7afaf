"""PURE: errors of providers beside Bedrock as refusals. What each means is a row of its provider's table; the first that fits
decides. A sentence counts only where the provider is known to write it: messages repeat what callers sent.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Any

import orjson

from gateway.refusals import Refusal
from gateway.wire.retry_after import seconds_of

_MAX_MESSAGE_LENGTH = 500
_MAX_NAME_LENGTH = 100
_USUAL_WAIT_SECONDS = 1


class Fault(StrEnum):
    """Who can mend it."""

    CALLER = "caller"
    ADMINS = "admins"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error means for the call. `words` are told where the provider's own are not for callers."""

    code: str
    fault: Fault
    fails_over: bool = True
    may_retry: bool = False
    words: str = ""


INVALID = Meaning("invalid_request", Fault.CALLER, fails_over=False)
TOO_LONG = Meaning("context_length_exceeded", Fault.CALLER, fails_over=False)
TOO_MANY_TOKENS = Meaning("max_tokens_exceeded", Fault.CALLER, fails_over=False)
TOO_LARGE = Meaning("request_too_large", Fault.CALLER, fails_over=False)
THROTTLED = Meaning("upstream_throttled", Fault.PROVIDER, may_retry=True)
TIMED_OUT = Meaning("upstream_timeout", Fault.PROVIDER, may_retry=True)
BROKEN = Meaning("upstream_error", Fault.PROVIDER, may_retry=True)


def for_admins(words: str) -> Meaning:
    """What only administrators can mend: another deployment is asked, and they are told."""
    return Meaning("upstream_error", Fault.ADMINS, words=words)


KEY_REFUSED = for_admins("its key is not accepted")
NOT_ALLOWED = for_admins("its account may not do this")
NO_CREDIT = for_admins("its account has no credit left")
NO_MODEL = for_admins("the model is not there")
ELSEWHERE = for_admins("its address leads elsewhere, which is not followed")
TAKES_NONE = for_admins("its address takes no calls")


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """A row. `statuses` and `kinds` (an error's type or code) and `sentence` say which errors it is of; empty is any."""

    meaning: Meaning
    statuses: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    sentence: str = ""

    def fits(self, status: int, kinds: frozenset[str], message: str) -> bool:
        if self.statuses and status not in self.statuses:
            return False
        if self.kinds and kinds.isdisjoint(self.kinds):
            return False
        return not self.sentence or re.search(self.sentence, message, re.IGNORECASE) is not None


BY_STATUS = (
    ErrorRule(ELSEWHERE, (301, 302, 303, 307, 308)),
    ErrorRule(TAKES_NONE, (405, 501)),
    ErrorRule(KEY_REFUSED, (401,)),
    ErrorRule(NO_CREDIT, (402,)),
    ErrorRule(NOT_ALLOWED, (403,)),
    ErrorRule(NO_MODEL, (404, 410)),
    ErrorRule(TIMED_OUT, (408, 504, 524)),
    ErrorRule(TOO_LARGE, (413,)),
    ErrorRule(THROTTLED, (429,)),
    ErrorRule(INVALID, (400, 422)),
    ErrorRule(BROKEN),
)
"""Of errors that a provider's own table does not know. Source: RFC 9110; RFC 6585 (429)."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an error answer says: its type and code, and in words."""

    kinds: frozenset[str]
    name: str
    message: str


def told_by(body: bytes) -> Told:
    """Of an answer in any of the shapes that providers have: an object `error`, a text of that name, `detail`, `message`."""
    try:
        document = orjson.loads(body)
    except ValueError:
        document = {}
    if isinstance(document, list) and document:  # of one
        document = document[0]
    return told_in(document if isinstance(document, dict) else {})


def told_in(document: dict[str, Any]) -> Told:
    """The same of a document that is read already."""
    error = document.get("error")
    inner: dict[str, Any] = error if isinstance(error, dict) else document
    said = error if isinstance(error, str) else inner.get("message") or document.get("detail") or ""
    text = said if isinstance(said, str) else orjson.dumps(said).decode()
    kinds = [
        str(inner[name])[:_MAX_NAME_LENGTH]
        for name in ("code", "type")
        if inner.get(name) not in (None, "", "error")
    ]
    return Told(frozenset(kinds), kinds[0] if kinds else "", text.strip() or "no message")


def refusal_of(
    told: Told,
    *,
    status: int,
    title: str,
    rules: tuple[ErrorRule, ...],
    retry_after: int | None = None,
    secret: str = "",
) -> Refusal:
    """The refusal for an error: of a whole answer, or within one that began with 200. `secret` is never repeated."""
    meaning = next(
        rule for rule in (*rules, *BY_STATUS) if rule.fits(status, told.kinds, told.message)
    ).meaning
    wait = None if retry_after is None else float(retry_after)
    message = _without(secret, told.message)[:_MAX_MESSAGE_LENGTH]
    name = " ".join(_without(secret, told.name).split()) or str(status)
    if meaning.code == "upstream_throttled":
        retry_after = retry_after or _USUAL_WAIT_SECONDS
    words = {
        Fault.CALLER: f"The model refused the request: {message}",
        Fault.PROVIDER: f"{title} answered {name}: {message}",
        Fault.ADMINS: f"{title} can't be asked for this model: {meaning.words}. Only an administrator of Gatehouse can mend "
        "that; until then the same call will fail again.",
    }[meaning.fault]
    return Refusal(
        meaning.code,
        words,
        retry_after=retry_after if meaning.may_retry else None,
        wait_seconds=wait,
        may_retry=meaning.may_retry,
        may_fail_over=meaning.fails_over,
        exception=name,
        for_admins=meaning.words,
        detail=f"{name}: {message}",
    )


def _without(secret: str, text: str) -> str:
    """Before anything is cut off: else a piece of it could be left."""
    return text.replace(secret, "…") if secret else text


def wait_of(header: Callable[[str], str], *, now: datetime) -> int | None:
    """How many seconds a provider asks to wait, 1 at least: `retry-after-ms`, or `retry-after`."""
    found = seconds_of(header("retry-after"), milliseconds=header("retry-after-ms"), now=now)
    return None if found is None else max(1, ceil(found))
