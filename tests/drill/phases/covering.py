"""Pairs covered by few rows. PURE.

Greedy, one row after another (Cohen et al., "The AETG System", IEEE TSE 23(7), 1997): of some random rows the one that covers most
of the pairs that are left.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

_TRIES = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of the array: one or two faults at once, while a process is in one phase and some work in another."""

    faults: tuple[str, ...]
    process: str
    work: str

    def __str__(self) -> str:
        return f"{' + '.join(self.faults)}: {self.process}, {self.work}"

    @property
    def pairs(self) -> set[tuple[str, str]]:
        return set(product(self.faults, (self.process, self.work)))


def covering(
    faults: dict[str, frozenset[str]], processes: Sequence[str], works: Sequence[str], *, seed: int = 0
) -> list[Cell]:
    """Rows in which each fault meets each process' phase and each work. `faults` are names with the services that are hit: two of
    one service are never in a row; every second row has two."""
    dice = random.Random(seed)
    left = set(product(faults, (*processes, *works)))
    rows: list[Cell] = []
    while left:
        rows.append(
            max(
                (
                    _random_row(faults, processes, works, left, dice, is_double=len(rows) % 2 == 1)
                    for _ in range(_TRIES)
                ),
                key=lambda row: len(row.pairs & left),
            )
        )
        left -= rows[-1].pairs
    return rows


def _random_row(
    faults: dict[str, frozenset[str]], processes: Sequence[str], works: Sequence[str], left: set[tuple[str, str]],
    dice: random.Random, *, is_double: bool,
) -> Cell:  # fmt: skip
    first, phase = dice.choice(sorted(left))
    process = phase if phase in processes else dice.choice(processes)
    work = phase if phase in works else dice.choice(works)
    others = sorted(name for name, service in faults.items() if not service & faults[first])
    # One that has something to meet here, if there is any.
    wanted = [name for name in others if {(name, process), (name, work)} & left]
    return Cell((first, dice.choice(wanted or others)) if is_double and others else (first,), process, work)
