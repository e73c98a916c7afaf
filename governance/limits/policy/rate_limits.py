"""PURE: rate limits over sliding windows, and how many calls run at once.

A window is 60 slices. What was let through in a slice is counted until no moment of it lies within one period of now,
so never more than the limit passes in any period, wherever it begins. The same is written in Lua, for Valkey
(governance/limits/services/lua): a property test holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

SLICES = 60
PERIOD_SECONDS = {"": 0, "minute": 60, "hour": 3600, "day": 86_400}
"""Of a limit's periods; 0 is at any time."""
MAX_PERIOD_SECONDS = 7 * 86_400
"""The longest period: its slices are kept for as long."""


def period_text(seconds: int) -> str:
    """A period as people write it after "per": `minute`, `12 minutes`, `36 hours`."""
    for name in ("day", "hour", "minute"):
        number, rest = divmod(seconds, PERIOD_SECONDS[name])
        if number and not rest:
            return name if number == 1 else f"{number} {name}s"
    return f"{seconds} seconds"


LEASE_MS = 30_000
"""How long a call counts as running without being renewed: its process may have died."""


def counter_key(limit_id: int, subject: str) -> str:
    """What a limit counts a subject by; the same wherever it is counted."""
    return f"{limit_id}:{subject}"


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted: a key, a period in milliseconds (0: calls at once), and the most there may be."""

    key: str
    period_ms: int
    limit: int

    @property
    def slice_ms(self) -> int:
        return self.period_ms // SLICES


@dataclass(frozen=True, slots=True)
class RateRequest:
    """One call: what it takes of each counter (1 of calls at once), all or nothing."""

    call_id: str
    takes: tuple[tuple[Counter, int], ...]


@dataclass(frozen=True, slots=True)
class RateDecision:
    """Let through at `at_ms`; or not, for want of `short`, with room again in `retry_ms` (None: never).

    `used` is what each of the call's counters stands at afterwards.
    """

    at_ms: int
    used: tuple[int, ...]
    short: Counter | None = None
    retry_ms: int | None = 0

    @property
    def admitted(self) -> bool:
        return self.short is None


@dataclass(slots=True)
class _Tally:
    slices: dict[int, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)


class Tallies:
    """The counters of one process, for when Valkey can't be reached. Times are milliseconds that never go back."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def admit(self, requests: Sequence[RateRequest], *, now_ms: int) -> list[RateDecision]:
        """Lets calls through in their order: what fits goes in, whoever comes after may still fit."""
        return [self._admit(request, now_ms) for request in requests]

    def correct(self, counter: Counter, *, at_ms: int, change: int, now_ms: int) -> None:
        """Adds `change` (may be negative) to what was taken at a moment; nothing where that is counted no more."""
        position = at_ms // counter.slice_ms
        if position >= now_ms // counter.slice_ms - SLICES:
            slices = self._tallies.setdefault(counter.key, _Tally()).slices
            slices[position] = max(0, slices.get(position, 0) + change)

    def release(self, counter: Counter, call_id: str) -> None:
        """A call runs no more."""
        if (tally := self._tallies.get(counter.key)) is not None:
            tally.leases.pop(call_id, None)

    def lease(self, counter: Counter, call_id: str, *, now_ms: int) -> None:
        """A call runs, and counts for so long."""
        self._tallies.setdefault(counter.key, _Tally()).leases[call_id] = now_ms + LEASE_MS

    def trim(self, counters: dict[str, Counter], *, now_ms: int) -> None:
        """Forgets all leases, and counters of which nothing is counted any more, here and among `counters`."""
        for key, tally in list(self._tallies.items()):
            tally.leases.clear()
            if key not in counters or not self._used(counters[key], now_ms):
                del self._tallies[key]
                counters.pop(key, None)

    def _admit(self, request: RateRequest, now_ms: int) -> RateDecision:
        used = [self._used(counter, now_ms) for counter, _ in request.takes]
        for (counter, amount), there in zip(request.takes, used, strict=True):
            if there + amount > counter.limit:
                return RateDecision(
                    now_ms, tuple(used), counter, self._wait(counter, there + amount, amount, now_ms)
                )
        for counter, amount in request.takes:
            if counter.period_ms == 0:
                self.lease(counter, request.call_id, now_ms=now_ms)
            else:
                slices = self._tallies.setdefault(counter.key, _Tally()).slices
                position = now_ms // counter.slice_ms
                slices[position] = slices.get(position, 0) + amount
        return RateDecision(
            now_ms, tuple(there + amount for there, (_, amount) in zip(used, request.takes, strict=True))
        )

    def _used(self, counter: Counter, now_ms: int) -> int:
        tally = self._tallies.get(counter.key)
        if tally is None:
            return 0
        if counter.period_ms == 0:
            tally.leases = {call: until for call, until in tally.leases.items() if until > now_ms}
            return len(tally.leases)
        first = now_ms // counter.slice_ms - SLICES
        tally.slices = {position: amount for position, amount in tally.slices.items() if position >= first}
        return sum(tally.slices.values())

    def _wait(self, counter: Counter, wanted: int, amount: int, now_ms: int) -> int | None:
        """Milliseconds until so much is forgotten that the call fits; None when it never does."""
        if amount > counter.limit:
            return None
        if counter.period_ms == 0:
            return UNKNOWN_WAIT_MS
        excess = wanted - counter.limit
        slices = self._tallies[counter.key].slices
        for position in sorted(slices):
            excess -= slices[position]
            if excess <= 0:
                return (position + SLICES + 1) * counter.slice_ms - now_ms
        return counter.period_ms


UNKNOWN_WAIT_MS = 1000
"""Nobody knows when a running call ends: a second is worth a try."""


def share_of(limit: int, *, rank: int, processes: int) -> int:
    """The part of a limit that the process of a rank (from 0) may use by itself: the parts add up to the limit."""
    return limit // processes + (rank < limit % processes)
