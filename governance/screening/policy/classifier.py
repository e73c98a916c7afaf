"""PURE: the classifier: a linear model over hashed n-grams and signals, and the file that it was trained into."""

import json
import struct
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from governance.screening.policy import rules
from governance.screening.policy.grams import BUCKETS, Grams, grams, whole_sum
from governance.screening.policy.normalise import Normalised
from governance.screening.policy.signals import COLUMNS, Signals, in_windows
from governance.screening.policy.windows import WHOLE_UP_TO, windows

FILE = "model.bin"
VERSION = 2
MAX_SIZE = 1_500_000
"""Bytes that the file may have."""
_MAGIC = b"GHSC"
_HEADER = struct.Struct("<4sHI")
SOURCES = {rules.USER: "user", rules.DOCUMENT: "material", rules.TOOL: "material"}
"""Which weights a role is scored by: what users write, or what documents and tools bring."""


@dataclass(frozen=True, slots=True)
class ModelWeights:
    """Of one source of text: `grams` by bucket in units of `scale`, `signals` by column, `slope` and `offset` from margin to score."""

    grams: NDArray[np.float32] | NDArray[np.int8]
    signals: NDArray[np.float32]
    bias: float
    slope: float = 1.0
    offset: float = 0.0
    window_handicap: float = 0.0
    scale: float = 1.0


RULE_EVIDENCE = 2.0
"""How much of a rule's own weight counts beside what the classifier learned of it: rules hold where training did not reach."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A part of a normalised text: how far on the side of attacks it is, and how much of that the rules' weights make."""

    start: int
    end: int
    margin: float
    evidence: float


def score_of(margin: float, weights: ModelWeights) -> float:
    """The margin as a number from 0 to 1; 0.5 is where about one in a hundred ordinary texts would lie above."""
    return float(1 / (1 + np.exp(-np.clip(weights.slope * margin + weights.offset, -30, 30))))


def margins(normalised: Normalised, signals: Signals, weights: ModelWeights, *, role: str) -> list[Scored]:
    """The margin of the whole text, and of each window of a long one; in material of each sentence, too."""
    text = normalised.text
    found = grams(text)
    if role == rules.USER and found.length <= WHOLE_UP_TO:
        ranges, doublings = [(0, found.length)], [0.0]
        sums = np.array([whole_sum(found, weights.grams)])
    else:
        ranges, doublings = windows(text, by_sentence=role != rules.USER)
        sums = _sums(found.once(), weights.grams, np.array(ranges, dtype=np.int64))
    rows = in_windows(signals, clean=text, ranges=ranges)
    learned = sums * weights.scale + weights.bias
    parts = []
    for (start, end), value, row, doubled in zip(ranges, learned.tolist(), rows, doublings, strict=True):
        evidence = RULE_EVIDENCE * row.evidence(role)
        margin = value + row.sum_of(weights.signals) + evidence - weights.window_handicap * doubled
        parts.append(Scored(start, end, margin, evidence))
    return parts


def _sums(
    found: Grams, table: NDArray[np.float32] | NDArray[np.int8], ranges: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each range the sum of its n-grams' weights, each kind divided by the root of their number."""
    total = np.zeros(len(ranges))
    for kind in found.kinds:
        running = np.concatenate(([0.0], np.cumsum(table[kind.buckets], dtype=np.float64)))
        first = np.searchsorted(kind.starts, ranges[:, 0])
        behind = np.maximum(kind.behind(ranges[:, 1]), first)
        total += (running[behind] - running[first]) / np.sqrt(np.maximum(behind - first, 1))
    return total


def write_model(models: dict[str, ModelWeights]) -> bytes:
    """The file: a header in JSON, then for each source its n-gram weights in one byte each."""
    header = {}
    blocks = []
    for source, weights in models.items():
        scale = float(np.abs(weights.grams).max()) / 127 or 1.0
        blocks.append(np.round(weights.grams / scale).astype(np.int8).tobytes())
        header[source] = {
            "scale": scale,
            "signals": dict(zip(COLUMNS, map(float, weights.signals), strict=True)),
            "bias": weights.bias,
            "slope": weights.slope,
            "offset": weights.offset,
            "window_handicap": weights.window_handicap,
        }
    head = json.dumps({"buckets": BUCKETS, "sources": header}).encode()
    return _HEADER.pack(_MAGIC, VERSION, len(head)) + head + b"".join(blocks)


def read_model(data: bytes) -> dict[str, ModelWeights]:
    """The models in a file; ValueError where it is not one that this program can use."""
    if len(data) > MAX_SIZE or len(data) < _HEADER.size:
        raise ValueError(f"The screening model has {len(data)} bytes: train it anew.")
    magic, version, size = _HEADER.unpack_from(data)
    if magic != _MAGIC or version != VERSION:
        raise ValueError("The screening model is of another version: train it anew.")
    head = json.loads(data[_HEADER.size : _HEADER.size + size])
    begin = _HEADER.size + size
    if head["buckets"] != BUCKETS or len(data) != begin + BUCKETS * len(head["sources"]):
        raise ValueError("The screening model is incomplete or of another size: train it anew.")
    models = {}
    for number, (source, values) in enumerate(head["sources"].items()):
        raw = np.frombuffer(data, dtype=np.int8, count=BUCKETS, offset=begin + number * BUCKETS)
        models[source] = ModelWeights(
            grams=raw,
            signals=np.array([values["signals"].get(name, 0.0) for name in COLUMNS], dtype=np.float32),
            bias=values["bias"],
            slope=values["slope"],
            offset=values["offset"],
            window_handicap=values["window_handicap"],
            scale=values["scale"],
        )
    return models


@cache
def shipped() -> dict[str, ModelWeights]:
    """The models of this release, read once."""
    return read_model(files(__package__).joinpath(FILE).read_bytes())
