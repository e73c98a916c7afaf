"""Figures by leaving sources out: every text is scored by a classifier that has seen nothing of its repository."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from governance.management.screening_training.corpus import MADE, LabelledText
from governance.management.screening_training.features import Rows
from governance.management.screening_training.fit import Setup, fit, text_margins
from governance.screening.policy.classifier import ModelWeights

FOLDS = 5
FALSE_POSITIVES = 0.01
"""Share of ordinary texts at which recall is told."""
FLAGGED = 0.006
"""Share of ordinary texts of sources not learned from that a score of a half lies at: below one in a hundred, with room."""
HARD = ("hard_negative", "benign_cybersecurity", "benign_xstest")
"""Kinds of harmless texts that look like attacks: reported apart, never part of the threshold."""
FLAGGED_DOCUMENTS = 0.003
"""The same of documents: they differ more from one project to the next."""
_SHINGLE = 8
_ALIKE = 0.25


@dataclass(frozen=True)
class LeftOut:
    """Margins of the real texts, the threshold that one in a hundred ordinary texts lies above, and where a score of a half is."""

    margins: NDArray[np.float64]
    real: NDArray[np.bool_]
    threshold: float
    flag_from: float


def is_hard(example: LabelledText) -> bool:
    """Whether a harmless text is one that looks like an attack."""
    return example.kind.startswith(HARD)


def folds(examples: list[LabelledText]) -> list[set[str]]:
    """The repositories left out together: each with attacks apart, the others dealt among them."""
    sizes: dict[str, int] = defaultdict(int)
    attacks: dict[str, int] = defaultdict(int)
    for example in examples:
        if example.counted:
            sizes[example.group] += 1
            attacks[example.group] += example.attack
    hostile = sorted((group for group in sizes if attacks[group]), key=lambda group: (-attacks[group], group))
    found = [{group} for group in hostile]
    loads = [
        sum(1 for example in examples if example.group == group and not example.attack) for group in hostile
    ]
    for group in sorted(
        (group for group in sizes if not attacks[group]), key=lambda name: (-sizes[name], name)
    ):
        least = int(np.argmin(loads))
        found[least].add(group)
        loads[least] += sizes[group]
    return found


def leave_out(examples: list[LabelledText], rows: Rows, setup: Setup) -> LeftOut:
    """Fits once for each fold, and scores the texts of that fold."""
    groups = np.array([example.group for example in examples])
    margins = np.full(len(examples), -np.inf)
    for left in folds(examples):
        held = np.isin(groups, list(left))
        weights = fit(examples, rows, ~held & ~_copies(examples, held), setup)
        scored = text_margins(rows, weights, len(examples), evidence=setup.signals)
        margins[held] = scored[held]
    real = np.array([example.counted for example in examples])
    ordinary = np.array([not example.attack and not is_hard(example) for example in examples]) & real
    return LeftOut(
        margins, real, threshold_of(margins[ordinary]), threshold_of(margins[ordinary], share=FLAGGED)
    )


def _copies(examples: list[LabelledText], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Attacks that are near copies of one that is left out: collections quote each other."""
    known: set[int] = set()
    for at in np.flatnonzero(held):
        if examples[at].attack:
            known |= _shingles(examples[at].text)
    found = np.zeros(len(examples), dtype=np.bool_)
    for at, example in enumerate(examples):
        if example.attack and not held[at] and example.group != MADE:
            own = _shingles(example.text)
            found[at] = bool(own) and len(own & known) > _ALIKE * len(own)
    return found


def _shingles(text: str) -> set[int]:
    words = text.casefold().split()
    return {hash(tuple(words[at : at + _SHINGLE])) for at in range(len(words) - _SHINGLE + 1)}


@dataclass(frozen=True)
class Line:
    """Of a set of texts: how many, and the share above the threshold."""

    name: str
    texts: int
    above: float


def lines_by(examples: list[LabelledText], found: LeftOut, *, attacks: bool) -> list[Line]:
    """For each file, and each kind in it, of attacks or of harmless texts."""
    sets: dict[str, list[float]] = defaultdict(list)
    for at, example in enumerate(examples):
        if found.real[at] and example.attack == attacks:
            sets[example.file].append(found.margins[at])
            kind = example.language if example.language != "English" else example.kind.split("_of_")[0]
            sets[f"{example.file}: {kind}"].append(found.margins[at])
    return [
        Line(name, len(values), float(np.mean(np.array(values) > found.threshold)))
        for name, values in sorted(sets.items())
    ]


def auc(attacks: NDArray[np.float64], harmless: NDArray[np.float64]) -> float:
    """The chance that an attack has a higher margin than a harmless text."""
    order = np.argsort(np.concatenate([attacks, harmless]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    count = len(attacks)
    return float((ranks[:count].sum() - count * (count + 1) / 2) / (count * len(harmless)))


def calibrated(weights: ModelWeights, flag_from: float) -> ModelWeights:
    """The weights with a score of a half at this margin."""
    return replace(weights, slope=1.0, offset=-flag_from)


def threshold_of(margins: NDArray[np.float64], *, share: float = FALSE_POSITIVES) -> float:
    """The margin that such a share of these harmless texts lies above."""
    return float(np.quantile(margins, 1 - share, method="higher"))
