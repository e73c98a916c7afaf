"""What a process lets through of rate limits by itself, within its share of each, and what of it Valkey has yet to hear."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from governance.limits.policy.rate_limits import (
    UNKNOWN_WAIT_MS,
    Counter,
    RateDecision,
    RateRequest,
    Tallies,
    share_of,
)
from kernel.ids import random_token

Change = tuple[Counter, int, int]
"""(counter, slice, amount)."""
_MAX_CHANGES = 500
"""Of a lot: few enough for Valkey to take it well within the time that one waits for it."""


class OwnShare:
    """`members` tells the process's rank (from 0) among how many. What was let through counts until it is forgotten by time."""

    def __init__(self, members: Callable[[], tuple[int, int]]) -> None:
        self._members = members
        self._tallies = Tallies()
        self._counters: dict[str, Counter] = {}
        self._untold: defaultdict[tuple[Counter, int], int] = defaultdict(int)
        self._lots: deque[tuple[str, list[Change]]] = deque()

    def admit(self, batch: Sequence[RateRequest], *, now_ms: int) -> list[RateDecision]:
        """Decides within the shares, in terms of the whole limits."""
        decisions = self._tallies.admit([self._shared_out(request) for request in batch], now_ms=now_ms)
        return [_in_full(request, decision) for request, decision in zip(batch, decisions, strict=True)]

    def note(self, request: RateRequest, decision: RateDecision) -> None:
        """Valkey is to be told of what was let through here."""
        for counter, amount in request.takes:
            if counter.period_ms:
                self._untold[counter, decision.at_ms // counter.slice_ms] += amount

    def take_back(self, request: RateRequest, decision: RateDecision, *, now_ms: int) -> None:
        """It was let through here, and not by Valkey."""
        for counter, amount in request.takes:
            if counter.period_ms:
                self._tallies.correct(counter, at_ms=decision.at_ms, change=-amount, now_ms=now_ms)
            else:
                self._tallies.release(counter, request.call_id)

    def correct(self, counter: Counter, *, at_ms: int, change: int, now_ms: int) -> None:
        """A call took more or less than it had asked for; Valkey is to be told."""
        self._tallies.correct(counter, at_ms=at_ms, change=change, now_ms=now_ms)
        self._untold[counter, at_ms // counter.slice_ms] += change

    def release(self, counter: Counter, call_id: str) -> None:
        self._tallies.release(counter, call_id)

    def lease(self, leases: Iterable[tuple[Counter, str]], *, now_ms: int) -> None:
        """Calls that run, to count for so long."""
        for counter, call_id in leases:
            self._tallies.lease(counter, call_id, now_ms=now_ms)

    def lots(self) -> deque[tuple[str, list[Change]]]:
        """What Valkey has not been told, as (id, changes): one counts once, however often it is sent. Whoever has told one takes it off the left."""
        changes = [
            (counter, position, amount) for (counter, position), amount in self._untold.items() if amount
        ]
        self._untold.clear()
        for start in range(0, len(changes), _MAX_CHANGES):
            self._lots.append((random_token(20), changes[start : start + _MAX_CHANGES]))
        return self._lots

    def rest(self, *, now_ms: int) -> None:
        """Valkey decides alone again. What was let through here still counts, should it be lost before that is forgotten."""
        self._tallies.trim(self._counters, now_ms=now_ms)

    def _shared_out(self, request: RateRequest) -> RateRequest:
        rank, processes = self._members()
        takes = []
        for counter, amount in request.takes:
            share = Counter(
                counter.key, counter.period_ms, share_of(counter.limit, rank=rank, processes=processes)
            )
            takes.append((share, amount))
            self._counters[counter.key] = counter
        return RateRequest(request.call_id, tuple(takes))


def _in_full(request: RateRequest, decision: RateDecision) -> RateDecision:
    """A decision on shares, in terms of the limits asked for. What exceeds a share may fit when Valkey is back."""
    if decision.short is None:
        return decision
    counter, amount = next(take for take in request.takes if take[0].key == decision.short.key)
    retry_ms = decision.retry_ms
    if retry_ms is None and amount <= counter.limit:
        retry_ms = UNKNOWN_WAIT_MS
    return replace(decision, short=counter, retry_ms=retry_ms)
