"""PURE: how often, and after which waits, a call is sent again.

The figures are those of AWS's SDKs since 2026 (aws/aws-sdk-go-v2#3416, #3400): 3 attempts; 500 tokens, of which a retry takes 14;
a first wait of 50 ms, of 1,000 ms where the call was throttled; full jitter (AWS Architecture Blog, "Exponential Backoff And
Jitter").
"""

from random import Random

ATTEMPTS = 3
_CAPACITY = 500.0
_COST = 14.0
_REFILL = 1.0
"""Tokens that an answer gives which needed no retry (smithy's standard mode: NO_RETRY_INCREMENT)."""
_BASE_SECONDS, _THROTTLED_SECONDS = 0.05, 1.0
_MAX_SECONDS = 8.0
"""Shorter than AWS's 20 s: somebody waits for the answer, and is to be refused within half a minute if there is none."""

_THROTTLED_CAPACITY = 20.0
_PER_ANSWER = 1.15
"""Retries of throttled calls that an answer pays for: where half of all calls are throttled, one is needed for each."""


def backoff_seconds(retry: int, *, is_throttled: bool, random: Random) -> float:
    """How long to wait before the retry of a number (from 0) at the same deployment: anything up to the whole."""
    base = _THROTTLED_SECONDS if is_throttled else _BASE_SECONDS
    return random.uniform(0.0, min(_MAX_SECONDS, base * 2.0 ** min(retry, 20)))


class RetryBudget:
    """Of one deployment: tokens for retries after faults and time-outs, so that they don't add to what ails it."""

    __slots__ = ("tokens",)

    def __init__(self) -> None:
        self.tokens = _CAPACITY

    def take(self) -> bool:
        """Whether one more retry may be sent; it is paid for."""
        if self.tokens < _COST:
            return False
        self.tokens -= _COST
        return True

    def give_back(self) -> None:
        """What was paid for was not sent."""
        self.tokens = min(_CAPACITY, self.tokens + _COST)

    def answered(self, *, was_retry: bool) -> None:
        """What an answer gives back: the price of the retry that brought it, or a little."""
        self.tokens = min(_CAPACITY, self.tokens + (_COST if was_retry else _REFILL))


class ThrottleBudget:
    """Of one route: retries of throttled calls, paid for by answers. Where none come, there are none."""

    __slots__ = ("answered_at", "tokens")

    def __init__(self) -> None:
        self.tokens = _THROTTLED_CAPACITY / 2
        self.answered_at = float("-inf")

    def take(self) -> bool:
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def answered(self, now: float) -> None:
        self.tokens = min(_THROTTLED_CAPACITY, self.tokens + _PER_ANSWER)
        self.answered_at = now
