"""Faults of Gatehouse's own, of all processes of an installation, as Valkey has them (kernel/bugs.py)."""

from governance.limits.services.rate_limiter import RateLimiter
from kernel.bugs import COUNTS, LAST
from kernel.clock import utc_now

_TOLD_SECONDS = 3600.0


class BugWatch:
    """What was read last; while Valkey can't be asked, that stays."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self.counts: dict[str, float] = {}
        """Since Valkey was empty, by where."""
        self._last: dict[str, float] = {}

    async def look(self, timeout_seconds: float) -> None:
        found = await self._limiter.hashes(COUNTS, LAST, timeout_seconds=timeout_seconds)
        if found is not None:
            self.counts, self._last = found

    @property
    def told(self) -> str:
        """What an operator is to know; empty where there was none in the last hour."""
        since = utc_now().timestamp() - _TOLD_SECONDS
        recent = sorted(where for where, at in self._last.items() if at > since)
        if not recent:
            return ""
        return (
            f"Gatehouse met a fault of its own within the last hour ({', '.join(recent[:5])}{', …' if recent[5:] else ''}): "
            "its traceback is in the log. Please report it."
        )
