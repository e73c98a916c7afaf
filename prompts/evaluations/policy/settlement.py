"""PURE: what is to be done about one call of an evaluation, so that no call is ever made twice for one purpose.

A call is claimed in the database before it is sent. Whoever finds it claimed and not settled does not know whether it was
made: only the record says. A call stands on record, or in a hold, from its admission on; before that it queues, for so
long at most. When neither knows it after that time, it never came through, and only then it may be made again.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

MAX_ADMISSION = timedelta(minutes=10)
"""More than a call can queue in the gateway before it is on hold: for its turn, for rate limits, for names, guardrails."""
ANSWERED = timedelta(seconds=30)
"""The same once the gateway has answered that it could not record the call: what it had asked of Postgres by then is done, or
is not, when Postgres has taken a write of somebody else's and so long has passed."""
STALE = timedelta(minutes=1)
"""A claim that is older is not sent any more: the time above counts from the claim."""
SETTLING = timedelta(seconds=10)
"""So long whoever made the call has to write down its whole answer, before it is taken from the record."""
MAX_ATTEMPTS = 20
_MAX_EARLY_ATTEMPTS = 5
_MAX_PAUSE = 300.0

_LATER = frozenset({"rate_limited"})
_SOON = frozenset({"overloaded", "upstream_throttled", "upstream_error", "upstream_timeout"})
_NOT_YET_KNOWN = frozenset({"invalid_api_key", "prompt_not_found"})
"""A gateway hears of a new key or version within a second or so."""


class SettlementStep(StrEnum):
    """What to do about a call that was claimed and not settled."""

    WAIT = "wait"
    TAKE_RECORD = "take_record"
    MAKE_AGAIN = "make_again"


def step_for_unsettled(
    *,
    claimed_at: datetime,
    now: datetime,
    is_held: bool,
    recorded_end: datetime | None,
    answered_until: datetime | None = None,
) -> SettlementStep:
    """`is_held` is to be looked up before the record, whose end is None: a hold goes only together with the record's coming.
    `answered_until` is set where the gateway has answered that it could not record the call."""
    if recorded_end is not None:
        return SettlementStep.TAKE_RECORD if now - recorded_end > SETTLING else SettlementStep.WAIT
    if is_held or now < (claimed_at + MAX_ADMISSION if answered_until is None else answered_until):
        return SettlementStep.WAIT
    return SettlementStep.MAKE_AGAIN


class Ruling(StrEnum):
    """What an error of the gateway means for an evaluation."""

    SETTLE = "settle"
    """This case has failed, for good."""
    TRY_AGAIN = "try_again"
    STOP_BUDGET = "stop_budget"
    STOP_RATE_LIMITED = "stop_rate_limited"
    UNKNOWN = "unknown"
    """It may yet be charged: the record will say."""


class After(msgspec.Struct, frozen=True):
    """A ruling, and after how many seconds to try again."""

    ruling: Ruling
    pause: float = 0.0
    is_for_all: bool = False
    """Whether the other calls had better wait, too."""


def after_error(code: str, *, attempt: int, cost_nanos: int, retry_after: float | None) -> After:
    """What becomes of a call that was refused or failed. One that was charged is never made again."""
    if code == "budget_exceeded":
        return After(Ruling.STOP_BUDGET)
    if code == "not_auditable":
        return After(Ruling.UNKNOWN)
    if cost_nanos:
        return After(Ruling.SETTLE)
    pause = min(retry_after if retry_after is not None else 2.0 ** min(attempt, 8), _MAX_PAUSE)
    if code in _LATER:
        is_over = attempt >= MAX_ATTEMPTS
        return After(Ruling.STOP_RATE_LIMITED) if is_over else After(Ruling.TRY_AGAIN, pause, is_for_all=True)
    if code in _SOON and attempt < _MAX_EARLY_ATTEMPTS:
        return After(Ruling.TRY_AGAIN, pause)
    if code in _NOT_YET_KNOWN and attempt < _MAX_EARLY_ATTEMPTS:
        return After(Ruling.TRY_AGAIN, 1.0)
    return After(Ruling.SETTLE)


def after_record(code: str, *, attempt: int, cost_nanos: int) -> After:
    """The same where it is the record that says so: then `not_auditable` is known to have cost nothing, or what it cost."""
    known = "overloaded" if code == "not_auditable" else code
    return after_error(known, attempt=attempt, cost_nanos=cost_nanos, retry_after=None)


def may_spend(*, spent: int, dearest: int, in_flight: int, cap: int) -> bool:
    """Whether one more call fits under the cap, should it and those in flight each cost as much as the dearest so far.

    The first call goes alone: nothing is known of the cost before it. Amounts are nano-dollars.
    """
    if not dearest:
        return in_flight == 0 and spent < cap
    return spent + (in_flight + 1) * dearest <= cap
