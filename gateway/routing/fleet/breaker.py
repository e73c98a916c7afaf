"""PURE: whether a deployment is worth asking: a circuit breaker. Times are seconds of a clock that only goes forward."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

_WINDOW_SECONDS = 30.0
_PROBE_SECONDS = 10.0
"""Between two single calls that try whether it is well again."""
_MAX_OUTCOMES = 400


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """Its time is over: the next call tries it, alone."""


class Reason(StrEnum):
    FAILING = "failing"
    SLOW = "slow"
    """Its first tokens take many times as long as they used to. It is asked when nothing better is left."""


class Change(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Limits:
    """When it opens, and for how long at first."""

    failures: int = 5
    seconds: float = 30.0
    adapts: bool = True
    """Whether throttling lowers a deployment's share, and what it is sent at once."""


class Breaker:
    """Of one deployment: it opens when so many of its latest calls failed, and more than half of them.

    Outcomes of other processes count like those of this one; who has opened it tells the others.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._outcomes: deque[tuple[float, Reason | None]] = deque(maxlen=_MAX_OUTCOMES)
        self._failures = 0
        self._opened_at = self._open_until = 0.0
        self.is_closed = True
        self.reason = Reason.FAILING
        self.probing_until = 0.0
        """Until when a single call is trying it."""

    def state(self, now: float) -> State:
        if self.is_closed:
            return State.CLOSED
        return State.OPEN if now < self._open_until or now < self.probing_until else State.HALF_OPEN

    def ready_in(self, now: float) -> float:
        """Seconds until the next call may try it."""
        return max(0.0, self._open_until - now, self.probing_until - now) if not self.is_closed else 0.0

    def succeeded(self, now: float, *, begun: float) -> Change | None:
        """A call was answered in its time that was sent at `begun`. What that changes: what was sent before it opened says
        nothing of how it is since."""
        if not self.is_closed:
            if begun < self._opened_at:
                return None
            self.close()
            return Change.CLOSED
        if self._failures:  # nobody looks at successes before something fails
            self._note(now, None)
        return None

    def failed(self, now: float, reason: Reason) -> Change | None:
        """A call failed, or was slow. What that changes."""
        if not self.is_closed:
            if now >= self._open_until:  # else it was asked before it opened
                self.open(now, reason, self.probe_seconds)
            return None
        self._note(now, reason)
        if self._failures < self._limits.failures or 2 * self._failures <= len(self._outcomes):
            return None
        slow = sum(each is Reason.SLOW for _, each in self._outcomes)
        self.open(now, Reason.SLOW if 2 * slow > self._failures else Reason.FAILING, self._limits.seconds)
        return Change.OPENED

    @property
    def probe_seconds(self) -> float:
        return min(_PROBE_SECONDS, self._limits.seconds)

    def open(self, now: float, reason: Reason, seconds: float) -> None:
        """Opens it for so long, by what happened here or elsewhere."""
        if self.is_closed:
            self._opened_at = now
        self.is_closed, self.reason, self._open_until, self.probing_until = False, reason, now + seconds, 0.0

    def close(self) -> None:
        self.is_closed = True
        self.probing_until = 0.0
        self._outcomes.clear()
        self._failures = 0

    def probe(self, now: float) -> None:
        """A call tries it: others wait for what comes of that, for a while."""
        self.probing_until = now + self.probe_seconds

    def _note(self, now: float, outcome: Reason | None) -> None:
        outcomes = self._outcomes
        if len(outcomes) == _MAX_OUTCOMES and outcomes[0][1] is not None:
            self._failures -= 1
        outcomes.append((now, outcome))
        self._failures += outcome is not None
        while outcomes and outcomes[0][0] < now - _WINDOW_SECONDS:
            self._failures -= outcomes.popleft()[1] is not None
