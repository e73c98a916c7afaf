"""How long to wait before a child that died is started again."""

FIRST_SECONDS = 1.0
MAX_SECONDS = 30.0
STEADY_SECONDS = 60.0


class Backoff:
    """1 s, 2 s, 4 s … 30 s; a child that ran for a minute starts again at 1 s."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def after(self, *, lived_seconds: float) -> float:
        """The wait after a run of this length."""
        if lived_seconds >= STEADY_SECONDS:
            self._next = FIRST_SECONDS
        delay, self._next = self._next, min(self._next * 2, MAX_SECONDS)
        return delay
