"""PURE: how soon a deployment begins to answer, by its own past."""

from math import inf

_MIN_SAMPLES = 20
_OLD, _SLOW, _NEW = 0.02, 0.001, 0.2
"""Shares of the newest sample in the long mean, of one that is slow, and in the short mean."""
_TIMES, _SECONDS = 4.0, 3.0
"""A first token is slow when it takes so many times as long as usual, and so many seconds longer."""
_BOUNDS = (1_000, 4_000, 16_000, 64_000)
"""Prompts of about as many tokens are compared with each other: long ones take longer."""


class _Mean:
    __slots__ = ("long", "number", "short")

    def __init__(self) -> None:
        self.long = self.short = 0.0
        self.number = 0

    def add(self, seconds: float) -> None:
        self.number += 1
        if self.number <= _MIN_SAMPLES:
            self.long += (seconds - self.long) / self.number
            self.short += (seconds - self.short) / min(self.number, 5)
        else:
            # What is slow hardly moves the long mean: it must not become the usual.
            slow_after = self.slow_after
            share = _OLD if seconds <= slow_after else _SLOW
            self.long += share * (min(seconds, slow_after) - self.long)
            self.short += _NEW * (seconds - self.short)

    @property
    def slow_after(self) -> float:
        if self.number < _MIN_SAMPLES:
            return inf
        return max(_TIMES * self.long, self.long + _SECONDS)


class Pace:
    """Of one deployment. Seconds to the first token, by the size of the prompt; and of answers that come whole, to these."""

    __slots__ = ("_means", "_usual", "_whole")

    def __init__(self) -> None:
        self._means = tuple(_Mean() for _ in range(len(_BOUNDS) + 1))
        self._usual = self._means[0]
        """That of the size that most prompts have."""
        self._whole = _Mean()

    def add(self, seconds: float, tokens: int) -> bool:
        """Notes a first token; whether it was slow."""
        mean = self._means[_size(tokens)]
        is_slow = seconds > mean.slow_after
        mean.add(seconds)
        if mean.number > self._usual.number:
            self._usual = mean
        return is_slow

    def add_whole(self, seconds: float) -> None:
        """Notes an answer that came whole. A long one takes long: it is never slow, and counts where no first tokens are known."""
        self._whole.add(seconds)

    def slow_after(self, tokens: int) -> float:
        """From how many seconds on a first token is slow; without end while too little is known."""
        return self._means[_size(tokens)].slow_after

    def expected(self, tokens: int) -> float | None:
        """Seconds to the first token as it was lately; None where nothing is known of prompts of this size or another."""
        mean = self._means[_size(tokens)]
        if not mean.number:
            mean = self._usual if self._usual.number else self._whole
        return mean.short if mean.number else None

    def ratio(self) -> float:
        """How long first tokens take lately, as a multiple of what they used to, over all sizes; 1.0 where little is known."""
        known = [each for each in self._means if each.number >= _MIN_SAMPLES and each.long > 0]
        total = sum(each.number for each in known)
        return sum(each.number * each.short / each.long for each in known) / total if total else 1.0


def _size(tokens: int) -> int:
    for index, bound in enumerate(_BOUNDS):
        if tokens < bound:
            return index
    return len(_BOUNDS)
