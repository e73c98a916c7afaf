"""Learning the weights of the names model: gradient descent in NumPy, on one thread."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from governance.management.names_training.corpora import LabelledText
from governance.privacy.policy.recognition.ner_features import ROWS, rows_of, words
from governance.privacy.policy.recognition.ner_model import OUTPUTS, Floats, NamesWeights, window

Ints = NDArray[np.int64]
_SHORT = ("PER", "LOC", "ORG")
"""What corpora call the labels of the model, in its order."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How the model is made and learned."""

    width: int = 64
    hidden: int = 128
    middle: int = 2
    epochs: int = 5
    batch_words: int = 4000
    rate: float = 0.003
    outside_weight: float = 0.7
    """What a word outside names counts beside one inside: recall is worth more than precision."""
    parts_kept: float = 0.75
    """Of a word's parts in the table, how many are seen at once while it learns."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Tokens:
    """All texts as one row of words: each word's number, and its output; texts end at `ends`."""

    words: Ints
    outputs: Ints
    ends: list[int]
    vocabulary: list[tuple[str, bool]]


def tokens(texts: Sequence[LabelledText]) -> Tokens:
    """The words of texts with what the model is to say of each."""
    numbers: dict[tuple[str, bool], int] = {}
    ids: list[int] = []
    outputs: list[int] = []
    ends: list[int] = []
    for labelled in texts:
        last = -1
        place = 0
        for start, end in words(labelled.text):
            while place < len(labelled.spans) and labelled.spans[place][1] <= start:
                place += 1
            output = 0
            if place < len(labelled.spans) and labelled.spans[place][0] < end:
                begin, _, label = labelled.spans[place]
                output = 1 + 2 * _SHORT.index(label) + (start > begin)
            ids.append(numbers.setdefault((labelled.text[start:end], start == last), len(numbers)))
            outputs.append(output)
            last = end
        ends.append(len(ids))
    return Tokens(np.array(ids), np.array(outputs), ends, list(numbers))


class _Adam:
    """Steps for one array; of a table only for the rows that were seen."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._mean = np.zeros_like(values)
        self._square = np.zeros_like(values)
        self._steps = 0

    def step(self, gradient: Floats, rate: float, rows: "Ints | None" = None) -> None:
        self._steps += 1
        at = slice(None) if rows is None else rows
        mean = self._mean[at] = 0.9 * self._mean[at] + 0.1 * gradient
        square = self._square[at] = 0.99 * self._square[at] + 0.01 * gradient * gradient
        scale = rate * np.sqrt(1 - 0.99 ** min(self._steps, 500)) / (1 - 0.9 ** min(self._steps, 500))
        self.values[at] -= (scale * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)


def beginning(setup: Setup) -> NamesWeights:
    """Weights that have learned nothing."""
    rng = np.random.default_rng(setup.seed)
    sizes = [
        (5 * setup.width, setup.hidden),
        *[(3 * setup.hidden, setup.hidden)] * setup.middle,
        (setup.hidden, OUTPUTS),
    ]
    table = rng.normal(0, 0.3, (ROWS, setup.width)).astype(np.float32)
    layers = tuple(
        (rng.normal(0, np.sqrt(2 / size[0]), size).astype(np.float32), np.zeros(size[1], np.float32))
        for size in sizes
    )
    return NamesWeights(table, layers)


def fit(
    texts: Sequence[LabelledText],
    setup: Setup,
    say: Callable[[str], object] = print,
    *,
    start: NamesWeights | None = None,
) -> NamesWeights:
    """The weights learned from texts, which are taken in another order each time; going on from `start`, if there is one."""
    rng, dice = np.random.default_rng(setup.seed), random.Random(setup.seed)
    learned = tokens(texts)
    parts = _parts(learned.vocabulary)
    start = start or beginning(setup)
    table = _Adam(start.table.copy())
    matrices = [_Adam(matrix.copy()) for matrix, _ in start.layers]
    biases = [_Adam(bias.copy()) for _, bias in start.layers]
    spans = list(zip([0, *learned.ends], learned.ends, strict=False))
    batches = max(1, len(learned.words) // setup.batch_words) * setup.epochs
    done = 0
    for epoch in range(setup.epochs):
        begun, lost, count = perf_counter(), 0.0, 0
        dice.shuffle(spans)
        for lot in _lots(spans, setup.batch_words):
            rate = setup.rate * max(0.02, min(1.0, (done + 1) / 200) * (1 - done / batches))
            seen = np.concatenate([np.arange(start, end) for start, end in lot])
            lost += _learn(learned, parts, seen, table, matrices, biases, setup, rate, rng)
            count += len(seen)
            done += 1
        say(f"  {epoch + 1}: loss {lost / count:.4f}, {perf_counter() - begun:.0f} s")
    return NamesWeights(
        table.values, tuple((m.values, b.values) for m, b in zip(matrices, biases, strict=True))
    )


def _lots(spans: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    lot: list[tuple[int, int]] = []
    total = 0
    for span in spans:
        lot.append(span)
        total += span[1] - span[0]
        if total >= size:
            yield lot
            lot, total = [], 0
    if total:
        yield lot


def _parts(vocabulary: Sequence[tuple[str, bool]]) -> "sparse.csr_matrix":
    rows = [rows_of(word, glued) for word, glued in vocabulary]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter((column for row in rows for column in row), np.int64, ends[-1])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), ROWS))


def _learn(
    learned: Tokens,
    parts: "sparse.csr_matrix",
    seen: Ints,
    table: _Adam,
    matrices: list[_Adam],
    biases: list[_Adam],
    setup: Setup,
    rate: float,
    rng: np.random.Generator,
) -> float:
    """One step. Texts of a lot stand side by side, as the sentences of a page do."""
    known, back = np.unique(learned.words[seen], return_inverse=True)
    mixed = parts[known]
    mixed.data = (rng.random(len(mixed.data)) < setup.parts_kept).astype(np.float32)
    totals = np.maximum(np.asarray(mixed.sum(axis=1)).ravel(), 1).astype(np.float32)
    mixed = sparse.diags(1 / totals) @ mixed
    rows, columns = np.unique(mixed.indices, return_inverse=True)
    mixed = sparse.csr_matrix(
        (mixed.data.astype(np.float32), columns, mixed.indptr), shape=(len(known), len(rows))
    )
    vectors = mixed @ table.values[rows]
    count = len(seen)
    padded = np.zeros((count + 4, setup.width), np.float32)
    padded[2:-2] = vectors[back]
    inputs = [window(padded, 2, count)]
    hidden = np.maximum(inputs[0] @ matrices[0].values + biases[0].values, 0)
    gates = [hidden > 0]
    for matrix, bias in zip(matrices[1:-1], biases[1:-1], strict=True):
        side = np.zeros((count + 2, setup.hidden), np.float32)
        side[1:-1] = hidden
        inputs.append(window(side, 1, count))
        raised = np.maximum(inputs[-1] @ matrix.values + bias.values, 0)
        gates.append(raised > 0)
        hidden = hidden + raised
    outputs = hidden @ matrices[-1].values + biases[-1].values
    likely = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    right = learned.outputs[seen]
    weight = np.where(right == 0, setup.outside_weight, 1.0).astype(np.float32)
    lost = float(-(weight * np.log(likely[np.arange(count), right] + 1e-9)).sum())
    likely[np.arange(count), right] -= 1
    gradient = (likely * (weight / count)[:, None]).astype(np.float32)
    _back(gradient, hidden, inputs, gates, matrices, biases, table, rows, mixed, back, setup, rate)
    return lost


def _back(
    gradient: Floats,
    hidden: Floats,
    inputs: list[Floats],
    gates: list[NDArray[np.bool_]],
    matrices: list[_Adam],
    biases: list[_Adam],
    table: _Adam,
    rows: Ints,
    mixed: "sparse.csr_matrix",
    back: Ints,
    setup: Setup,
    rate: float,
) -> None:
    steps = [(matrices[-1], hidden.T @ gradient), (biases[-1], gradient.sum(axis=0))]
    below = gradient @ matrices[-1].values.T
    for number in range(len(gates) - 1, 0, -1):
        gated = (below * gates[number]).astype(np.float32)
        steps += [(matrices[number], inputs[number].T @ gated), (biases[number], gated.sum(axis=0))]
        below = below + _unwindowed(gated @ matrices[number].values.T, 1, setup.hidden)
    gated = (below * gates[0]).astype(np.float32)
    steps += [(matrices[0], inputs[0].T @ gated), (biases[0], gated.sum(axis=0))]
    words_gradient = _unwindowed(gated @ matrices[0].values.T, 2, setup.width)
    order = sparse.csr_matrix(
        (np.ones(len(back), np.float32), back, np.arange(len(back) + 1)), shape=(len(back), mixed.shape[0])
    )
    table.step((mixed.T @ (order.T @ words_gradient)).astype(np.float32), rate, rows)
    for adam, step in steps:
        adam.step(step.astype(np.float32), rate)


def _unwindowed(gradient: Floats, reach: int, width: int) -> Floats:
    """The gradient of rows, of that of their windows."""
    count = len(gradient)
    rows = np.zeros((count + 2 * reach, width), np.float32)
    for at in range(2 * reach + 1):
        rows[at : at + count] += gradient[:, at * width : (at + 1) * width]
    return rows[reach : reach + count]
