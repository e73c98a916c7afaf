"""PURE: how often answers of the cache were wrong, how sure that is, and whether a route may go on serving them.

A route begins with the evidence of the shipped study, `STUDY`, of which `STUDY_WEIGHT` pairs count at most. With it and a bound
of 1 % one wrong answer is forgiven; a route is stopped by two among at most 119 verified hits of its own, three among 273, four
among 421, five among 563; and goes on when as many more were right.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from gateway.cache.policy import study

CONFIDENCE = 0.95
STUDY_WEIGHT = 600
"""So many pairs of the study count at most, scaled down, so that what a route learns of itself soon outweighs them."""
_MAX_TERMS = 500
_TINY = 1e-300
_PRECISION = 1e-13
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers that were judged, and how many of them were wrong."""

    served: int
    wrong: int

    def __post_init__(self) -> None:
        if not 0 <= self.wrong <= self.served:
            raise ValueError(f"of {self.served} answers {self.wrong} cannot have been wrong")

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(self.served + other.served, self.wrong + other.wrong)


def weighed(evidence: Evidence, *, most: int) -> Evidence:
    """Evidence scaled down to so many pairs; wrong ones are rounded up."""
    if evidence.served <= most:
        return evidence
    return Evidence(most, -(-evidence.wrong * most // evidence.served))


STUDY = Evidence(served=study.SERVED, wrong=study.WRONG)
"""What the shipped study counted: `python -m tests.bench.semantic --write`."""
PRIOR = weighed(STUDY, most=STUDY_WEIGHT)
"""What a new route begins with."""


def may_serve(evidence: Evidence, bound: float) -> bool:
    """Whether the share of wrong answers is surely under the bound: the upper end of the interval of the study and the route's own."""
    together = evidence + PRIOR
    return interval(together.wrong, together.served)[1] <= bound


@lru_cache(maxsize=4096)
def interval(wrong: int, served: int) -> tuple[float, float]:
    """The exact interval (Clopper and Pearson) of 95 % of a share; (0, 1) where nothing was counted.

    Its ends are quantiles of beta distributions: low of Beta(wrong, served - wrong + 1), high of Beta(wrong + 1, served - wrong).
    """
    if not 0 <= wrong <= served:
        raise ValueError(f"of {served} answers {wrong} cannot have been wrong")
    if served == 0:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if wrong == 0 else _quantile(tail, wrong, served - wrong + 1)
    high = 1.0 if wrong == served else _quantile(1 - tail, wrong + 1, served - wrong)
    return low, high


def _quantile(share: float, a: int, b: int) -> float:
    """Where the regularised incomplete beta function of a and b comes to a share."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _incomplete_beta(middle, a, b) < share:
            low = middle
        else:
            high = middle
        if high - low <= _PRECISION * high:
            break
    return (low + high) / 2


def _incomplete_beta(x: float, a: int, b: int) -> float:
    """The regularised incomplete beta function, by its continued fraction (Numerical Recipes, 3rd edition, 6.4)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1.0 - math.exp(log_front) * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: int, b: int) -> float:
    """Lentz's way through the continued fraction. It takes some square root of the larger of a and b steps at most."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    result = d
    for step in range(1, _MAX_TERMS + int(3 * math.sqrt(max(a, b)))):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for factor in (even, odd):
            d = 1.0 + factor * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + factor / c
            c = c if abs(c) > _TINY else _TINY
            result *= d * c
        if abs(d * c - 1.0) < _PRECISION:
            break
    return result
