"""PURE: how many calls a deployment is sent at once: as many as don't make it slower (docs/decisions/0037).

More are tried while first tokens come as soon as ever; fewer when they take twice as long as they did with room to spare.
"""

from math import exp, log

_START, MIN, _MAX = 100.0, 4.0, 5000.0
_SHORT, _LONG = 0.05, 0.01
"""Shares of the newest sample in the means of its logarithm."""
_LEARNS, _MIN_SAMPLES = 50, 20
_TIMES, _SECONDS = 2.0, 0.25
"""What first tokens may take: so many times the usual, or so many seconds more."""
_CUT, _BUSY, _GROWTH = 0.7, 0.8, 4.0


class InFlight:
    """Of one deployment, in one process. The usual is learnt only while at most half of the limit is in use: a queue at the
    provider must not become the usual."""

    __slots__ = ("_base", "_number", "_pause", "_short", "_starting", "calls", "limit")

    def __init__(self) -> None:
        self.calls = 0
        self.limit = _START
        self._base = self._short = 0.0
        self._number = 0
        self._starting = True
        self._pause = 0.0
        """First tokens until the limit may be cut again: those that come were asked for before the last cut."""

    @property
    def has_room(self) -> bool:
        return self.calls < int(self.limit)

    def answered_whole(self) -> None:
        """An answer came all at once: how long that took says how long it is, and nothing of a queue. More is tried where that
        much is in use; throttling alone lowers it then."""
        self._pause -= 1
        self._grow()

    def answered(self, seconds: float) -> None:
        """A first token came after so many seconds."""
        self._number += 1
        sample = log(max(seconds, 1e-3))
        if self._number == 1:
            self._base = self._short = sample
        self._short += (sample - self._short) * max(_SHORT, 1 / self._number)
        if self._number <= _LEARNS:
            self._base += (sample - self._base) / self._number
        elif 2 * self.calls < self.limit:
            self._base += (sample - self._base) * _LONG
        self._pause -= 1
        if self._number < _MIN_SAMPLES:
            return
        over = exp(self._short) - exp(self._base)
        if self._short - self._base > log(_TIMES) and over > _SECONDS:
            if self._pause <= 0:
                self._cut(max(_CUT, _TIMES * exp(self._base - self._short)))
        else:
            self._grow()

    def _grow(self) -> None:
        if self.calls >= _BUSY * self.limit:
            self.limit = min(_MAX, self.limit + (1.0 if self._starting else _GROWTH / self.limit))

    def throttled(self) -> None:
        """It was told that there are too many."""
        if self._pause <= 0 and 2 * self.calls >= self.limit:
            self._cut(0.9)

    def _cut(self, factor: float) -> None:
        self._starting = False
        self.limit = max(MIN, self.limit * factor)
        self._pause = self.calls / 2
