"""Makes a number that fits a JSON schema."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

_TRIES = 100
_MOST = 2**53
"""A bound beyond it bounds nothing that a model says."""


@dataclass(frozen=True, slots=True)
class NumberBounds:
    """The least and most a number may be; an open bound excludes its own value."""

    low: float | None
    low_open: bool
    high: float | None
    high_open: bool

    def contain(self, value: float) -> bool:
        """Whether a number is within them."""
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below


def number(schema: dict[str, Any], *, whole: bool, seed: int) -> int | float | None:
    """A number within the schema's bounds, and a multiple where it asks for one; None if there is none."""
    bounds = _bounds(schema)
    step = schema.get("multipleOf") or (1 if whole else None)
    for value in _multiples(bounds, step, seed) if step else _plain(bounds, seed):
        exact = not step or (value / step).is_integer()
        if bounds.contain(value) and exact and (not whole or value == int(value)):
            return int(value) if value == int(value) else value
    return None


def _bounds(schema: dict[str, Any]) -> NumberBounds:
    low, above = schema.get("minimum"), _numeric(schema.get("exclusiveMinimum"))
    high, below = schema.get("maximum"), _numeric(schema.get("exclusiveMaximum"))
    low_open = above is not None and (low is None or above >= low)
    high_open = below is not None and (high is None or below <= high)
    return NumberBounds(above if low_open else low, low_open, below if high_open else high, high_open)


def _numeric(value: Any) -> float | None:
    """None for the booleans that draft 4 has here."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _multiples(bounds: NumberBounds, step: float, seed: int) -> list[float]:
    """A few multiples of a step to try, one of them by the seed."""
    if bounds.low is not None:
        first = ceil(bounds.low / step)
    elif bounds.high is not None and bounds.high < _MOST:
        first = floor(bounds.high / step) - _TRIES
    else:
        first = 0
    return [(first + offset) * step for offset in (seed % 40, *range(_TRIES + 1))]


def _plain(bounds: NumberBounds, seed: int) -> list[float]:
    low, high = bounds.low, bounds.high
    if low is not None and high is not None:
        return [low + (high - low) * (1 + seed % 8) / 10, low, high]
    if low is not None:
        return [low + 1 + seed % 10]
    return [seed % 100, (high or 0) - 1 - seed % 10]
