"""Fits the classifier, in two rounds: the second knows which window of a long attack is the attack."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from governance.management.screening_training.corpus import MADE, LabelledText
from governance.management.screening_training.features import Rows
from governance.screening.policy.classifier import ModelWeights
from governance.screening.policy.grams import BUCKETS, SPELLING_BUCKETS

SEED = 11
C = 0.5
MADE_SHARE = 8.0
"""What all made texts weigh together, against one for all real ones."""
COLLECTED_SHARES = (4.0, 1.5)
"""What all harmless texts of public collections weigh together, and all attacks, where the counted ones weigh one."""
KIND_SHARES = {
    "attack": 3.0,
    "persona": 2.0,
    "story": 3.0,
    "tale": 3.0,
    "pretext": 3.0,
    "ending": 1.5,
    "attack in another language": 0.7,
}
"""How much more than its number says a kind of made texts counts."""
HARDEST = 4
"""Windows of a harmless text that are learned from: those most like attacks."""
ATTACK_WINDOWS = 2


@dataclass(frozen=True)
class Setup:
    """What was tried: how strong the fit is held back, and what it sees."""

    c: float = C
    made_share: float = MADE_SHARE
    signals: bool = True
    grams: bool = True
    window_handicap: float = 0.5
    """What a window's margin is less by, for each time that their number doubles."""
    concept_share: float = 0.0
    tolerance: float = 1e-3
    """What a text weighs once more without its spelling, so that concepts learn to hold by themselves, in any language."""


MATERIAL = Setup(c=1.0, made_share=2.0, window_handicap=1.2, tolerance=5e-3)
"""For documents and tool results: they are long, and most of their windows are no attack."""


def fit(examples: list[LabelledText], rows: Rows, chosen: NDArray[np.bool_], setup: Setup) -> ModelWeights:
    """Weights learned from the chosen texts."""
    labels = np.array([example.attack for example in examples])
    weight = _text_weights(examples, chosen, setup)
    long = ~rows.whole
    first = chosen[rows.text] & (rows.whole | (long & ~labels[rows.text] & _every(rows, 6)))
    weights = _logistic(rows, first, labels, weight, setup)
    margins = rows.matrix @ _flat(weights) + weights.bias
    second = chosen[rows.text] & rows.whole
    second |= chosen[rows.text] & _strongest(rows, margins, np.where(labels, ATTACK_WINDOWS, HARDEST))
    return _logistic(rows, second, labels, weight, setup)


def text_margins(
    rows: Rows, weights: ModelWeights, count: int, *, evidence: bool = True
) -> NDArray[np.float64]:
    """For each text the highest margin: of the whole, or of a window less the handicap."""
    margins = rows.matrix @ _flat(weights) + weights.bias + (rows.evidence if evidence else 0.0)
    margins = margins - weights.window_handicap * rows.doublings
    highest = np.full(count, -np.inf)
    np.maximum.at(highest, rows.text, margins)
    return highest


def _flat(weights: ModelWeights) -> NDArray[np.float32]:
    return np.concatenate([weights.grams, weights.signals])


def _every(rows: Rows, step: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.arange(len(rows.text)) % step == 0
    return found


def _strongest(rows: Rows, margins: NDArray[np.float64], most: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of each text the windows with the highest margins."""
    picked = np.zeros(len(rows.text), dtype=np.bool_)
    parts = np.flatnonzero(~rows.whole)
    order = parts[np.lexsort((-margins[parts], rows.text[parts]))]
    owners = rows.text[order]
    begins = np.searchsorted(owners, owners)
    rank = np.arange(len(order)) - begins
    picked[order[rank < most[owners]]] = True
    return picked


def _text_weights(
    examples: list[LabelledText], chosen: NDArray[np.bool_], setup: Setup
) -> NDArray[np.float64]:
    """A kind counts by the root of its number: two hundred texts of one template are not two hundred attacks."""
    kinds = np.array([f"{example.group} {example.file} {example.kind}" for example in examples])
    made = np.array([example.group == MADE for example in examples])
    counted = np.array([example.counted for example in examples])
    labels = np.array([example.attack for example in examples])
    weight = np.zeros(len(examples))
    for kind in np.unique(kinds[chosen]):
        held = chosen & (kinds == kind)
        share = KIND_SHARES.get(kind.removeprefix(f"{MADE} {MADE} "), 1.0)
        weight[held] = share * held.sum() ** -0.5
    shares = ((counted, (1.0, 1.0)), (made, (setup.made_share,) * 2), (~counted & ~made, COLLECTED_SHARES))
    for part, of_labels in shares:
        for label in (False, True):
            held = chosen & part & (labels == label)
            if held.any():
                weight[held] *= of_labels[label] / weight[held].sum()
    scaled: NDArray[np.float64] = weight * chosen.sum() / max(weight.sum(), 1e-9)
    return scaled


def _logistic(
    rows: Rows,
    used: NDArray[np.bool_],
    labels: NDArray[np.bool_],
    weight: NDArray[np.float64],
    setup: Setup,
) -> ModelWeights:
    from sklearn.linear_model import LogisticRegression

    owners = rows.text[used]
    matrix: Any = rows.matrix[np.flatnonzero(used)]
    if not setup.signals:
        matrix = matrix[:, :BUCKETS]
    if not setup.grams:
        matrix = _without_grams(matrix)
    if setup.concept_share:
        from scipy.sparse import vstack

        matrix = vstack([matrix, _without_spelling(matrix)]).tocsr()
        owners_again = np.concatenate([owners, owners])
    share = weight[owners] / np.bincount(owners, minlength=len(weight))[owners] ** 0.5
    model = LogisticRegression(
        C=setup.c, solver="liblinear", dual=True, random_state=SEED, max_iter=1_000, tol=setup.tolerance
    )
    if setup.concept_share:
        owners, share = owners_again, np.concatenate([share, setup.concept_share * share])
    model.fit(matrix, labels[owners], sample_weight=share)
    found = np.zeros(rows.matrix.shape[1], dtype=np.float32)
    found[: matrix.shape[1]] = model.coef_[0]
    return ModelWeights(
        grams=found[:BUCKETS],
        signals=found[BUCKETS:],
        bias=float(model.intercept_[0]),
        window_handicap=setup.window_handicap,
    )


def _without_spelling(matrix: Any) -> Any:
    found = matrix.copy()
    found.data[found.indices < SPELLING_BUCKETS] = 0
    found.eliminate_zeros()
    return found


def _without_grams(matrix: Any) -> Any:
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix((matrix.shape[0], BUCKETS)), matrix[:, BUCKETS:]]).tocsr()
