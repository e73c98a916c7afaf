"""PURE: what is known of a text besides its n-grams: rules that hold, tricks that were undone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from governance.screening.policy import rules
from governance.screening.policy.guards import Guards, broken
from governance.screening.policy.normalise import TRICKS, Normalised

ENCODED = "encoded text"
COLUMNS = (*rules.NAMES, *TRICKS, ENCODED)
_COLUMN = {name: at for at, name in enumerate(COLUMNS)}
_ROUND = 400
"""The width of windows from which smaller ones inherit."""
SCALE = 1.0
"""What a signal weighs beside the n-grams of a text, whose squares add up to one for each length."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Rules that hold for a text, and the tricks seen in it."""

    rules: tuple[rules.ScreeningRule, ...]
    tricks: tuple[str, ...]

    def evidence(self, role: str) -> float:
        """What the rules that hold say together, as if each were independent: 0 where none does."""
        return -sum(math.log1p(-rule.weight_for(role)) for rule in rules.that_count(self.rules, role))

    def sum_of(self, weights: NDArray[np.float32]) -> float:
        """The weights of what holds together."""
        return SCALE * sum(
            float(weights[_COLUMN[name]]) for name in (*(rule.name for rule in self.rules), *self.tricks)
        )

    def row(self) -> NDArray[np.float32]:
        """As features of the classifier."""
        values = np.zeros(len(COLUMNS), dtype=np.float32)
        for rule in self.rules:
            values[_COLUMN[rule.name]] = SCALE
        for trick in self.tricks:
            values[_COLUMN[trick]] = SCALE
        return values


def signals(*, raw: str, normalised: Normalised, guards: Guards | None = None) -> Signals:
    """Of a whole text, beside a system prompt that guards something."""
    found = rules.matching_rules(clean=normalised.text, raw=raw) + tuple(
        rules.hits_in_decoded(normalised.decoded)
    )
    if guards:
        names = frozenset(rule.name for rule in found)
        found += tuple(rules.RULES[name] for name in broken(guards, normalised.text, names))
    return Signals(found, normalised.tricks + ((ENCODED,) if normalised.decoded else ()))


def in_windows(whole: Signals, *, clean: str, ranges: list[tuple[int, int]]) -> list[Signals]:
    """Of ranges of n-grams, the widest first: of the rules that hold for the text, those that hold for each part."""
    if not whole.rules:
        return [whole] * len(ranges)
    found: list[Signals] = []
    over: list[tuple[int, int, Signals]] = []
    for start, end in ranges:
        if end - start > len(clean):
            found.append(whole)
            continue
        # What holds for a part holds for a window round it, so where one has nothing there is nothing to look for.
        outer = next((one for low, high, one in over if low <= start and end <= high), whole)
        if outer.rules:
            # N-grams are counted in the text with a blank before it.
            part = clean[max(0, start - 1) : end - 1]
            outer = Signals(rules.hold_within(outer.rules, clean=part), whole.tricks)
        found.append(outer)
        if end - start >= _ROUND:
            over.append((start, end, outer))
    return found
