"""PURE: what becomes of a job after an attempt, how long it waits, and how it is told."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

MAX_DEADLINE_SECONDS = 86_400
MAX_ATTEMPTS = 10
"""Attempts at a model's side that fails. Waits for a rate limit are none, and one that throttles is asked until the deadline."""
MAX_LOSSES = 3
"""So often a job is tried anew whose process has died before it asked anything: it may be what kills them."""
MAX_PAUSE_SECONDS = 60.0
"""How long a rate limit that is full is left alone at most: raises and what calls give back come without a word."""
MIN_PAUSE_SECONDS = 1.0
_FIRST_BACKOFF, _MAX_BACKOFF = 1.0, 300.0
_TRIED_AGAIN = frozenset(
    {"upstream_throttled", "upstream_error", "upstream_timeout", "overloaded", "not_auditable"}
)
PRIORITIES = {"low": -1, "normal": 0, "high": 1}
_ID = re.compile(r"job_([0-9a-f]{32})")


class Ruling(StrEnum):
    """What becomes of a job after an attempt that was refused."""

    WAIT = "wait"  # for room in a rate limit, or in the gateway
    RETRY = "retry"
    FAIL = "fail"  # the answer is the job's: asking again would get the same
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    ruling: Ruling
    pause: float = 0.0
    """Seconds until it is tried again."""
    reason: str = ""


def after_refusal(
    *, code: str, may_retry: bool, retry_after: int | None, cost_nanos: int, is_put_back: bool, attempts: int,
    jitter: float,
) -> After:  # fmt: skip
    """What becomes of a job whose attempt, the `attempts`-th, was refused. `jitter` is from 0 to 1.

    An attempt that was charged is never followed by another: a job is paid for once. Pauses double from one second to
    five minutes, with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog), and are no shorter than asked.
    """
    if is_put_back:
        pause = min(max(float(retry_after or 0), MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS)
        return After(ruling=Ruling.WAIT, pause=pause)
    if cost_nanos > 0:
        return After(ruling=Ruling.GIVE_UP, reason="It was charged without a whole answer.")
    if code == "internal_error":
        return After(ruling=Ruling.GIVE_UP, reason="It met a fault of Gatehouse's own.")
    if code not in _TRIED_AGAIN or not may_retry:
        return After(ruling=Ruling.FAIL)
    # A provider's rate limit is waited for as one's own is: until the deadline.
    if attempts >= MAX_ATTEMPTS and code != "upstream_throttled":
        return After(ruling=Ruling.GIVE_UP, reason=f"It failed {attempts} times.")
    longest = min(_FIRST_BACKOFF * 2.0 ** min(attempts - 1, 20), _MAX_BACKOFF)
    return After(ruling=Ruling.RETRY, pause=max(longest * jitter, float(retry_after or 0), 0.1))


class Standing(StrEnum):
    """Of an attempt that is under way."""

    OURS = "ours"
    CANCELLED = "cancelled"  # ours, and to be stopped
    LOST = "lost"  # another has the job, or it has ended


class Lost(StrEnum):
    """What becomes of a running job whose process is not heard of any more."""

    WAIT = "wait"  # its hold is open: the ledger will say
    DELIVER = "deliver"  # its answer was kept, and it is on record
    ANEW = "anew"  # nothing was asked, or nothing charged
    GIVE_UP = "give up"


def after_loss(*, is_held: bool, is_recorded: bool, has_answer: bool, cost_nanos: int, losses: int) -> Lost:
    """By what the ledger and the record say of the attempt."""
    if is_held:
        return Lost.WAIT
    if is_recorded and has_answer:
        return Lost.DELIVER
    if cost_nanos > 0:
        return Lost.GIVE_UP
    return Lost.GIVE_UP if losses + 1 >= MAX_LOSSES else Lost.ANEW


def job_name(job_id: UUID) -> str:
    """A job's id as callers have it."""
    return f"job_{job_id.hex}"


def job_id_of(name: str) -> UUID | None:
    """The id of a job by what callers have; None for what is none."""
    match = _ID.fullmatch(name)
    return UUID(hex=match[1]) if match is not None else None


def webhook_problem(url: str, hosts: tuple[str, ...], *, allows_http: bool) -> str:
    """Why a webhook can't be told; "" where it can. `hosts` are names, `*.example.com` for all below one, each with a port
    where it is not the scheme's own."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "Not an address of the web."
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        return "Not an address of the web: https://host/path, without a name or password in it."
    if parts.scheme == "http" and not allows_http:
        return "Only https is allowed."
    if not hosts:
        return "No host may be told here: an operator names them in GATEHOUSE_JOBS_WEBHOOK_HOSTS."
    usual = 443 if parts.scheme == "https" else 80
    shown = host if port in (None, usual) else f"{host}:{port}"
    if any(_is_named(shown, each) for each in hosts):
        return ""
    return f"{shown[:100]} is not among the hosts that may be told (GATEHOUSE_JOBS_WEBHOOK_HOSTS)."


def _is_named(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
