"""PURE: how many calls a second a deployment takes, learnt from its throttling where no quota is known, or a wrong one is.

Each process learns for itself; what all send together settles where none is throttled. Where fewer calls are throttled just as
much, it is not for their number, and nothing is held back.
"""

from collections import deque

_LOOKS_BACK = 10.0
_MIN_THROTTLED = 5
_MIN_ANSWERED = 10
_BELOW, _CUT, _GROWTH = 0.95, 0.95, 1.01
_QUIET_SECONDS = 2.0
"""Without throttling, before more is tried."""
_CALM_SECONDS, _DOUBLES_SECONDS, _MAX_GROWTH = 15.0, 5.0, 0.5
"""So long without throttling what is tried grows by twice as much every so often, up to a half: what was learnt of few calls, or
of a quota that is higher by now, holds nothing back for minutes. Where a rate is right it is throttled again before that."""
_JUDGED_AFTER = 5.0
_IN_VAIN = 0.2
"""Share of calls throttled although they were held back, above which that is given up, for a while."""
_GIVES_UP_SECONDS = 300.0
_BURST_SECONDS = 1.0
_MAX_KEPT = 2000


class LearntRate:
    """Of one deployment, in one process. Moments are seconds of a clock that only goes forward."""

    __slots__ = (
        "_answered",
        "_cut_at",
        "_grown_at",
        "_room",
        "_room_at",
        "_since",
        "_throttled",
        "_unlearnt_until",
        "rate",
    )

    def __init__(self) -> None:
        self.rate: float | None = None
        """Calls a second; None where nothing is held back."""
        self._answered: deque[float] = deque(maxlen=_MAX_KEPT)
        self._throttled: deque[float] = deque(maxlen=_MAX_KEPT)
        self._since = self._cut_at = self._grown_at = self._room_at = 0.0
        self._unlearnt_until = float("-inf")
        self._room = 0.0

    def answered(self, now: float) -> None:
        self._answered.append(now)
        if self.rate is not None and now - self._grown_at >= 1.0:
            quiet = now - self._throttled[-1] if self._throttled else _QUIET_SECONDS
            if quiet >= _QUIET_SECONDS:
                doublings = max(0.0, (quiet - _CALM_SECONDS) / _DOUBLES_SECONDS)
                self.rate *= 1.0 + min(_MAX_GROWTH, (_GROWTH - 1.0) * 2.0 ** min(doublings, 20.0))
            self._grown_at = now

    def throttled(self, now: float) -> None:
        self._throttled.append(now)
        if now < self._unlearnt_until:
            return
        answered, throttled = (
            _since(self._answered, now - _LOOKS_BACK),
            _since(self._throttled, now - _LOOKS_BACK),
        )
        if self.rate is None:
            if throttled >= _MIN_THROTTLED and answered >= _MIN_ANSWERED:
                first = self._answered[-answered]
                self.rate = _BELOW * answered / max(1.0, now - first)
                self._since = self._cut_at = self._grown_at = self._room_at = now
                self._room = 0.0
        elif now - self._since >= _JUDGED_AFTER and self._is_in_vain(now):
            self.rate, self._unlearnt_until = None, now + _GIVES_UP_SECONDS
        elif now - self._cut_at >= 1.0:
            self.rate *= _CUT
            self._cut_at = now

    def take(self, now: float) -> float:
        """Takes a call's room: 0.0; or the seconds after which there may be some."""
        if self.rate is None:
            return 0.0
        self._room = min(max(1.0, self.rate * _BURST_SECONDS), self._room + (now - self._room_at) * self.rate)
        self._room_at = now
        if self._room >= 1.0:
            self._room -= 1.0
            return 0.0
        return (1.0 - self._room) / self.rate

    def give_back(self) -> None:
        """What was taken was not used."""
        self._room += 1.0

    def _is_in_vain(self, now: float) -> bool:
        # Calls that were under way when it was learnt say nothing of it.
        start = max(now - _JUDGED_AFTER, self._since + 1.0)
        answered, throttled = _since(self._answered, start), _since(self._throttled, start)
        return throttled > _IN_VAIN * (answered + throttled)


def _since(moments: deque[float], start: float) -> int:
    """How many of them are later; those before the longest that is looked back are let go."""
    number = 0
    for moment in reversed(moments):
        if moment < start:
            break
        number += 1
    return number
