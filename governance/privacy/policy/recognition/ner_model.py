"""PURE: the names model: a small convolutional network over words, in NumPy, and the file that it was trained into.

A word is the mean of its rows in a table; a first layer sees two words on each side, two more layers one each; the last
gives, for each word, how likely it is to begin or to go on with a person, a place or an organisation.
"""

import io
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from governance.privacy.policy.recognition.ner_features import ROWS, rows_of, words

FILE = "ner_model.npz"
MAX_SIZE = 8_000_000
"""Bytes that the file may have."""
LABELS = ("PERSON", "LOCATION", "ORGANIZATION")
OUTPUTS = 1 + 2 * len(LABELS)
"""Outside, then for each label its beginning and its inside."""
_REMEMBERED = 20_000
_MAX_OUTSIDE = 0.6
"""How likely a word may at most be outside names to be taken for a part of one: to miss a name is worse than to mask a word."""

Floats = NDArray[np.float32]
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class NamesWeights:
    """`table` has ROWS rows; `layers` are (matrix, bias) from the first window to the outputs."""

    table: Floats
    layers: tuple[tuple[Floats, Floats], ...]


class NamesModel:
    """Reads names. One thread at a time: vectors of words are remembered."""

    def __init__(self, weights: NamesWeights) -> None:
        self._weights = weights
        self._vectors: dict[tuple[str, bool], Floats] = {}

    def spans(self, text: str) -> list[Span]:
        """The names of a text as (start, end, label), in code points."""
        found = words(text)
        if not found:
            return []
        likely = self.probabilities(text, found)
        return spans_of(found, likely)

    def probabilities(self, text: str, found: list[tuple[int, int]]) -> Floats:
        """For each word, how likely each output is."""
        width = self._weights.table.shape[1]
        seen = np.zeros((len(found) + 4, width), np.float32)
        last = -1
        for row, (start, end) in enumerate(found, 2):
            seen[row] = self._vector(text[start:end], start == last)
            last = end
        return _softmax(forward(seen, self._weights.layers))

    def _vector(self, word: str, glued: bool) -> Floats:
        key = (word, glued)
        vector = self._vectors.get(key)
        if vector is None:
            if len(self._vectors) >= _REMEMBERED:
                self._vectors.clear()
            rows = rows_of(word, glued)
            vector = self._weights.table[list(rows)].mean(axis=0)
            self._vectors[key] = vector
        return vector


def forward(seen: Floats, layers: tuple[tuple[Floats, Floats], ...]) -> Floats:
    """Outputs before the softmax, of words' vectors with two rows of nothing on each side."""
    count = len(seen) - 4
    (first, bias), *middle, (last, last_bias) = layers
    hidden = np.maximum(window(seen, 2, count) @ first + bias, 0)
    for matrix, vector in middle:
        padded = np.zeros((count + 2, hidden.shape[1]), np.float32)
        padded[1:-1] = hidden
        hidden = hidden + np.maximum(window(padded, 1, count) @ matrix + vector, 0)
    outputs: Floats = hidden @ last + last_bias
    return outputs


def window(rows: Floats, reach: int, count: int) -> Floats:
    """Each row beside those before and after it."""
    return np.concatenate([rows[at : at + count] for at in range(2 * reach + 1)], axis=1)


def _softmax(outputs: Floats) -> Floats:
    raised: Floats = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised


def spans_of(found: list[tuple[int, int]], likely: Floats) -> list[Span]:
    """Names where words are likely to be parts of one, each of the label that its words together are likeliest of."""
    inside = likely[:, 0] < _MAX_OUTSIDE
    if not inside.any():
        return []
    begins = likely[:, 1::2]
    kinds = begins + likely[:, 2::2]
    spans: list[Span] = []
    for is_name, stretch in groupby(range(len(found)), key=lambda place: bool(inside[place])):
        if is_name:
            spans += _parted(list(stretch), found, begins, kinds)
    return spans


def _parted(places: list[int], found: list[tuple[int, int]], begins: Floats, kinds: Floats) -> list[Span]:
    cuts = [
        at for at, place in enumerate(places) if at == 0 or begins[place].sum() > 0.5 * kinds[place].sum()
    ] + [len(places)]
    parted = []
    for begin, end in pairwise(cuts):
        label = LABELS[int(kinds[places[begin:end]].sum(axis=0).argmax())]
        parted.append((found[places[begin]][0], found[places[end - 1]][1], label))
    return parted


def write_model(weights: NamesWeights) -> bytes:
    """The file: the table as bytes with a scale for each row, the layers in half precision."""
    scale = np.maximum(np.abs(weights.table).max(axis=1), 1e-8) / 127
    arrays = {
        "table": np.round(weights.table / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float16),
    }
    for number, (matrix, bias) in enumerate(weights.layers):
        arrays[f"matrix{number}"] = matrix.astype(np.float16)
        arrays[f"bias{number}"] = bias.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def read_model(data: bytes) -> NamesWeights:
    """ValueError where the bytes are no such file."""
    if len(data) > MAX_SIZE:
        raise ValueError(f"The names model is larger than {MAX_SIZE:,} bytes.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        table = arrays["table"].astype(np.float32) * arrays["scale"].astype(np.float32)[:, None]
        count = sum(name.startswith("matrix") for name in arrays.files)
        layers = tuple(
            (arrays[f"matrix{number}"].astype(np.float32), arrays[f"bias{number}"].astype(np.float32))
            for number in range(count)
        )
    if len(table) != ROWS or len(layers) < 2 or layers[-1][0].shape[1] != OUTPUTS:
        raise ValueError("The names model is of another shape than this version reads.")
    return NamesWeights(table, layers)


@cache
def shipped() -> NamesModel:
    """The model that comes with Gatehouse. ValueError where its file is not the one that was committed."""
    data = files(__package__).joinpath(FILE).read_bytes()
    digest = files(__package__).joinpath(FILE + ".sha256").read_text("ascii").split()[0]
    if sha256(data).hexdigest() != digest:
        raise ValueError(f"{FILE} is not the file that {FILE}.sha256 names: take both from the same version.")
    return NamesModel(read_model(data))
