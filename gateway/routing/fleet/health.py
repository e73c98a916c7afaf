"""PURE: what a process knows of one deployment from the calls that it sent there."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.refusals import Refusal
from gateway.routing.fleet.breaker import Breaker, Change, Limits, Reason, State
from gateway.routing.fleet.budgets import RetryBudget
from gateway.routing.fleet.in_flight import InFlight
from gateway.routing.fleet.learnt import LearntRate
from gateway.routing.fleet.pace import Pace
from gateway.routing.fleet.quotas import Scarce
from gateway.routing.fleet.share import Share

_MAX_REST_SECONDS = 60.0
_ERRORS = 0.02
"""Share of the newest outcome in the error rate."""


@dataclass(slots=True, eq=False)
class Sent:
    """A call that was sent to a deployment and has not ended there."""

    begun: float
    tokens: int
    was_retry: bool
    is_whole: bool = False
    """Whether its answer comes all at once: nothing is known of its first token."""
    has_answered: bool = False
    is_slow: bool = False


@dataclass(slots=True, eq=False)
class Health:
    """Of one deployment. Moments are seconds of a clock that only goes forward."""

    deployment_id: int
    limits: Limits
    breaker: Breaker = field(init=False)
    retries: RetryBudget = field(default_factory=RetryBudget)
    in_flight: InFlight = field(default_factory=InFlight)
    pace: Pace = field(default_factory=Pace)
    share: Share = field(default_factory=Share)
    scarce: Scarce = field(default_factory=Scarce)
    learnt: LearntRate = field(default_factory=LearntRate)
    error_rate: float = 0.0
    """Of its latest calls, from 0 to 1: faults, not throttling."""
    answered: int = 0
    throttled: int = 0
    failed: int = 0
    throttled_at: float = float("-inf")
    rests_until: float = float("-inf")
    """Until when its provider has said that nothing is left of its quotas."""
    waiting: dict[int, Sent] = field(default_factory=dict)
    """Calls whose first token has not come, the oldest first."""

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.limits)

    @property
    def load(self) -> float:
        """How much of what it takes at once is taken."""
        return self.in_flight.calls / self.in_flight.limit

    def rest(self, now: float, seconds: float) -> None:
        """Nothing is left of its quotas for so long; a minute at most, since all of them are by the minute."""
        self.rests_until = now + min(seconds, _MAX_REST_SECONDS)

    def begins(self, now: float, *, tokens: int, was_retry: bool) -> Sent:
        """A call is sent, with a prompt of about so many tokens."""
        sent = Sent(now, tokens, was_retry)
        self.in_flight.calls += 1
        self.waiting[id(sent)] = sent
        return sent

    def ends(self, sent: Sent) -> None:
        """It has ended there, in whatever way."""
        self.in_flight.calls -= 1
        self.waiting.pop(id(sent), None)

    def answers(self, sent: Sent, now: float) -> Change | None:
        """Its first token came. What that changes."""
        sent.has_answered = True
        self.waiting.pop(id(sent), None)
        self.answered += 1
        self.error_rate -= self.error_rate * _ERRORS
        seconds = now - sent.begun
        self.retries.answered(was_retry=sent.was_retry)
        self.share.answered(now)
        self.learnt.answered(now)
        if sent.is_whole:
            self.in_flight.answered_whole()
            self.pace.add_whole(seconds)
            is_slow = False
        else:
            self.in_flight.answered(seconds)
            is_slow = self.pace.add(seconds, sent.tokens)
        if is_slow:
            return None if sent.is_slow else self.breaker.failed(now, Reason.SLOW)
        change = self.breaker.succeeded(now, begun=sent.begun)
        if change is not None:
            self.share.returned(now)
        return change

    def fails(self, refusal: Refusal, now: float) -> Change | None:
        """A call failed there. What that changes: nothing, where it was throttled, or the request was at fault."""
        if refusal.code == "upstream_throttled":
            self.throttled += 1
            self.throttled_at = now
            if refusal.for_admins:  # used up for longer than a minute: asking again and again is in vain
                self.rest(now, refusal.retry_after or _MAX_REST_SECONDS)
            if self.limits.adapts:
                self.share.throttled(now)
                self.in_flight.throttled()
                self.learnt.throttled(now)
            return None
        if not is_fault(refusal):
            return None
        self.failed += 1
        self.error_rate += (1.0 - self.error_rate) * _ERRORS
        return self.breaker.failed(now, Reason.FAILING)

    def notice_slow(self, now: float) -> list[Change]:
        """Calls that wait for their first token for too long count before it comes, should it ever. What that changes."""
        late = [
            sent
            for sent in self.waiting.values()
            if not (sent.is_slow or sent.is_whole) and now - sent.begun > self.pace.slow_after(sent.tokens)
        ]
        for sent in late:
            sent.is_slow = True
        changes = (self.breaker.failed(now, Reason.SLOW) for _ in late)
        return [change for change in changes if change is not None]

    def state(self, now: float) -> State:
        return self.breaker.state(now)


def is_fault(refusal: Refusal) -> bool:
    """Whether a deployment is at fault for it, rather than the request, a quota, or Gatehouse."""
    return refusal.is_upstream and refusal.code != "upstream_throttled" and not refusal.said_nothing
