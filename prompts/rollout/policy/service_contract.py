"""PURE: whether a prompt keeps what it promises to its callers."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from kernel.money import format_usd
from prompts.rollout.policy.unsure import KEEPING, NAMES, WORDS, Promised, Unsure


class Term(StrEnum):
    """What can be promised."""

    LATENCY = "latency"
    AVAILABILITY = "availability"
    COST = "cost"
    FORMAT = "format"
    FALLBACK = "fallback"
    UNSURE = "unsure"


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised; None is not. Shares are per cent."""

    p95_ms: int | None = None
    availability: Decimal | None = None
    max_cost_nanos: int | None = None
    format_percent: Decimal | None = None
    fallback_percent: Decimal | None = None
    when_unsure: Promised | None = None
    minimum_calls: int = 1


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of the calls that count: those that the caller did not get wrong."""

    calls: int = 0
    answered: int = 0
    p95_ms: float | None = None
    cost_nanos: int = 0
    with_contract: int = 0
    fitting: int = 0
    fallbacks: int = 0
    unsure: Mapping[Unsure, int] = {}
    """Calls that were unsure, those that were refused for it among them, by what came of them."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one promise was kept, and in words what was promised and what was seen. `is_kept` is None where too few calls say."""

    term: Term
    is_kept: bool | None
    promised: str
    measured: str
    calls: int


def judged(promise: Promise, seen: Seen) -> list[Judgement]:
    """A judgement of each thing that is promised."""
    found = []
    if promise.p95_ms is not None:
        words = f"at most {promise.p95_ms:,} ms"
        found.append(
            _of(
                promise,
                Term.LATENCY,
                words,
                seen.p95_ms,
                promise.p95_ms,
                seen.answered,
                is_most=True,
                unit="ms",
            )
        )
    if promise.availability is not None:
        found.append(
            _share(promise, Term.AVAILABILITY, promise.availability, seen.answered, seen.calls, is_most=False)
        )
    if promise.max_cost_nanos is not None:
        average = seen.cost_nanos // seen.answered if seen.answered else None
        words = f"at most {format_usd(promise.max_cost_nanos)}"
        found.append(
            _of(
                promise,
                Term.COST,
                words,
                average,
                promise.max_cost_nanos,
                seen.answered,
                is_most=True,
                unit="$",
            )
        )
    if promise.format_percent is not None:
        found.append(
            _share(
                promise, Term.FORMAT, promise.format_percent, seen.fitting, seen.with_contract, is_most=False
            )
        )
    if promise.fallback_percent is not None:
        found.append(
            _share(promise, Term.FALLBACK, promise.fallback_percent, seen.fallbacks, seen.calls, is_most=True)
        )
    if promise.when_unsure is not None:
        found.append(_when_unsure(promise.when_unsure, seen.unsure))
    return found


def _when_unsure(promised: Promised, unsure: Mapping[Unsure, int]) -> Judgement:
    """A version behaves as promised or it does not, so a single call says that it does not."""
    calls = sum(unsure.values())
    others = {what: number for what, number in unsure.items() if number and what not in KEEPING[promised]}
    measured = f"{calls - sum(others.values()):,} of {calls:,} calls" if calls else "no unsure calls"
    if others:
        measured += f", else {WORDS[max(others, key=lambda what: others[what])]}"
    return Judgement(
        term=Term.UNSURE, is_kept=not others if calls else None, promised=NAMES[promised], measured=measured,
        calls=calls,
    )  # fmt: skip


def _share(
    promise: Promise, term: Term, bound: Decimal, part: int, calls: int, *, is_most: bool
) -> Judgement:
    share = Decimal(100 * part) / calls if calls else None
    words = f"{'at most' if is_most else 'at least'} {_percent(bound)}"
    return _of(promise, term, words, share, bound, calls, is_most=is_most, unit="%")


def _of(
    promise: Promise, term: Term, promised: str, value: float | Decimal | None, bound: float | Decimal, calls: int, *,
    is_most: bool, unit: str,
) -> Judgement:  # fmt: skip
    if value is None:
        return Judgement(term=term, is_kept=None, promised=promised, measured="no calls", calls=calls)
    is_kept = value <= bound if is_most else value >= bound
    shown = {
        "ms": lambda: f"{value:,.0f} ms",
        "$": lambda: format_usd(int(value)),
        "%": lambda: _percent(Decimal(value)),
    }
    return Judgement(
        term=term, is_kept=is_kept if calls >= promise.minimum_calls else None, promised=promised,
        measured=shown[unit](), calls=calls,
    )  # fmt: skip


def _percent(value: Decimal) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{text} %"


_WORDS = {
    Term.LATENCY: "95 % of calls are to be answered within", Term.AVAILABILITY: "availability is to be",
    Term.COST: "a call is to cost on average", Term.FORMAT: "answers that fit the output contract are to be",
    Term.FALLBACK: "fallback answers are to be", Term.UNSURE: "callers of a prompt that is unsure are to get",
}  # fmt: skip


def broken_text(prompt: str, found: Judgement, *, minutes: int) -> str:
    """One sentence for those who are alerted."""
    promised = found.promised.removeprefix("at most ") if found.term is Term.LATENCY else found.promised
    return (
        f"{prompt} breaks its service contract: {_WORDS[found.term]} {promised}, measured {found.measured} "
        f"({found.calls:,} calls in the last {minutes} minutes)."
    )


def kept_text(prompt: str, found: Judgement) -> str:
    """One sentence for those who were alerted."""
    if found.term is Term.UNSURE:
        return f"{prompt} keeps its service contract again: unsure, callers get {found.promised} ({found.measured})."
    return f"{prompt} keeps its service contract again: {found.term.value} is {found.measured}, promised {found.promised}."
