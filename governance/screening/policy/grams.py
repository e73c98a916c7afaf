"""PURE: hashed n-grams of a text, all at once: characters by 3 to 5, words by 1 and 2, and concepts of any language."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from governance.screening.policy.concepts import CONCEPT_BUCKETS, concepts
from governance.screening.policy.hashing import CodePoints, bucket_of, code_points, word_hashes
from governance.screening.policy.windows import WHOLE_UP_TO, WINDOW

CHARACTER_BITS = 18
WORD_BITS = 17
CHARACTER_BUCKETS = 1 << CHARACTER_BITS
WORD_BUCKETS = 1 << WORD_BITS
SPELLING_BUCKETS = CHARACTER_BUCKETS + WORD_BUCKETS
"""Character n-grams have the first buckets, word n-grams those behind them, then come the concepts."""
BUCKETS = SPELLING_BUCKETS + CONCEPT_BUCKETS

LENGTHS = (3, 4, 5)
_POSITION_BITS = 32
_KIND_SHIFT = np.uint32(24)
_STEP = np.uint32(0x85EBCA6B)
_SEEDS = {length: np.uint32(0x9E3779B1 * length & 0xFFFFFFFF) for length in LENGTHS}
_WORD_SEED = np.uint32(0x27D4EB2F)
_PAIR_SEED = np.uint32(0x165667B1)
_PLACES = np.arange(1 << 13)
"""Of which the places of a text's n-grams are a part, where it is no longer."""


@dataclass(frozen=True, slots=True)
class GramKind:
    """N-grams of one kind in the order of the text: their buckets, where each begins and where it ends."""

    buckets: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def behind(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each place how many n-grams end there or before; those of a kind end in the order that they begin in, or nearly."""
        return np.searchsorted(self.ends, ends, side="right")


@dataclass(frozen=True, slots=True)
class Grams:
    """N-grams by kind, `length` in code points with the blank at each end."""

    kinds: tuple[GramKind, ...]
    length: int

    def once(self) -> "Grams":
        """Without those that stood shortly before: what is said over and over counts once."""
        gap = self.length + 1 if self.length <= WHOLE_UP_TO else WINDOW
        return Grams(tuple(_once(kind, gap) for kind in self.kinds), self.length)


def grams(text: str) -> Grams:
    """The n-grams of a text without lone surrogates, padded with a blank at both ends."""
    points = code_points(f" {text} ")
    return Grams((*_characters(points), *_words(points), *_concepts(points)), len(points.text))


def whole_sum(found: Grams, table: NDArray[np.float32] | NDArray[np.int8]) -> float:
    """The sum of weights over a short text: each n-gram once, each kind divided by the root of their number."""
    if not found.kinds:
        return 0.0
    keys = np.concatenate(
        [kind.buckets | (np.uint32(number) << _KIND_SHIFT) for number, kind in enumerate(found.kinds)]
    )
    keys.sort()
    kept = np.empty(len(keys), dtype=np.bool_)
    kept[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=kept[1:])
    keys = keys[kept]
    of_kind = (keys >> _KIND_SHIFT).astype(np.intp)
    weights = table[keys & np.uint32(0xFFFFFF)]
    sums = np.bincount(of_kind, weights=weights)
    counts = np.bincount(of_kind)
    return float((sums / np.sqrt(np.maximum(counts, 1))).sum())


def _once(kind: GramKind, gap: int) -> GramKind:
    """Without the n-grams that are less than `gap` code points behind the same one."""
    keys = np.sort(
        (kind.buckets.astype(np.int64) << _POSITION_BITS) | np.arange(len(kind.buckets), dtype=np.int64)
    )
    positions = keys & ((1 << _POSITION_BITS) - 1)
    same = (keys[1:] >> _POSITION_BITS) == (keys[:-1] >> _POSITION_BITS)
    again = same & (kind.starts[positions[1:]] - kind.starts[positions[:-1]] < gap)
    kept = np.ones(len(kind.buckets), dtype=np.bool_)
    kept[positions[1:][again]] = False
    return GramKind(kind.buckets[kept], kind.starts[kept], kind.ends[kept])


def _characters(points: CodePoints) -> list[GramKind]:
    spread = points.spread
    length = len(spread)
    numbers = [max(0, length - width + 1) for width in LENGTHS]
    hashes = np.empty(sum(numbers), dtype=np.uint32)
    places = _PLACES if length < len(_PLACES) else np.arange(length + 1)
    rolling, begin = spread, 0
    found = []
    for at in range(1, min(max(LENGTHS), length)):
        rolling = rolling[: length - at] * _STEP
        rolling ^= spread[at:]
        width = at + 1
        if width in LENGTHS:
            end = begin + len(rolling)
            np.bitwise_xor(rolling, _SEEDS[width], out=hashes[begin:end])
            found.append((begin, end, width))
            begin = end
    buckets = bucket_of(hashes, CHARACTER_BITS)
    return [
        GramKind(buckets[begin:end], places[: end - begin], places[width : width + end - begin])
        for begin, end, width in found
    ]


def _words(points: CodePoints) -> list[GramKind]:
    """Words, and pairs of neighbours."""
    if not points.words:
        return []
    hashes = word_hashes.all(points.words)
    first = np.uint32(CHARACTER_BUCKETS)
    single = bucket_of(hashes ^ _WORD_SEED, WORD_BITS) + first
    double = bucket_of((hashes[:-1] * _STEP) ^ hashes[1:] ^ _PAIR_SEED, WORD_BITS) + first
    return [
        GramKind(single, points.starts, points.ends),
        GramKind(double, points.starts[:-1], points.ends[1:]),
    ]


def _concepts(points: CodePoints) -> list[GramKind]:
    return [
        GramKind(buckets + np.uint32(SPELLING_BUCKETS), starts, ends)
        for buckets, starts, ends in concepts(points)
    ]
