"""Pairs covered by few rows. PURE.

Greedy, one row after another (Cohen et al., "The AETG System", IEEE TSE 23(7), 1997): of some random rows the one that covers most
of the pairs that are left.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

_TRIES = 200
_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of the array: one or two faults at once, while so many phases are under way."""

    faults: tuple[str, ...]
    phases: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' + '.join(self.faults)}: {', '.join(self.phases)}"

    @property
    def pairs(self) -> set[tuple[str, str]]:
        return set(product(self.faults, self.phases))


def covering(faults: Mapping[str, frozenset[str]], phases: Sequence[str], *, seed: int = 0) -> list[Cell]:
    """Rows in which each fault meets each phase, three phases a row. `faults` are names with the services that are hit: two that
    share one are never in a row; every second row has two."""
    dice = random.Random(seed)
    left = set(product(faults, phases))
    rows: list[Cell] = []
    while left:
        tries = (_random_row(faults, phases, left, dice, is_double=len(rows) % 2 == 1) for _ in range(_TRIES))
        rows.append(max(tries, key=lambda row: len(row.pairs & left)))
        left -= rows[-1].pairs
    return rows


def _random_row(
    faults: Mapping[str, frozenset[str]], phases: Sequence[str], left: set[tuple[str, str]], dice: random.Random, *, is_double: bool,
) -> Cell:  # fmt: skip
    first, phase = dice.choice(sorted(left))
    others = dice.sample([name for name in phases if name != phase], _AT_ONCE - 1)
    beside = sorted(name for name, hits in faults.items() if not hits & faults[first])
    chosen = (first, dice.choice(beside)) if is_double and beside else (first,)
    return Cell(chosen, tuple(name for name in phases if name in (phase, *others)))
