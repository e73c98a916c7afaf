"""PURE: the share of its turns that a deployment gets: less while it is throttled, more again as it answers."""

_MIN = 0.02
_THROTTLED = 0.8
_ANSWERED, _STEP = 1.1, 0.01
_PER_SECOND = 0.02
_RETURNED = 0.1
"""Of one that was out and answers again."""


class Share:
    """From nearly 0 to 1. Seven answers make good for three throttlings."""

    __slots__ = ("_at", "_value")

    def __init__(self) -> None:
        self._value = 1.0
        self._at = 0.0

    def now(self, now: float) -> float:
        if self._value < 1.0:
            self._value = min(1.0, self._value + _PER_SECOND * max(0.0, now - self._at))
            self._at = now
        return self._value

    def throttled(self, now: float) -> None:
        self._value = max(_MIN, self.now(now) * _THROTTLED)
        self._at = now

    def answered(self, now: float) -> None:
        if self._value < 1.0:
            self._value = min(1.0, self.now(now) * _ANSWERED + _STEP)

    def returned(self, now: float) -> None:
        """It begins again with little."""
        self._value, self._at = min(self._value, _RETURNED), now
