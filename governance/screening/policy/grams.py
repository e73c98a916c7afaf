"""PURE: hashed n-grams of a text, all at once: characters by 3 to 5, words by 1 and 2, each at its place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from governance.screening.policy.windows import WINDOW

CHARACTER_BITS = 18
WORD_BITS = 17
CHARACTER_BUCKETS = 1 << CHARACTER_BITS
WORD_BUCKETS = 1 << WORD_BITS
BUCKETS = CHARACTER_BUCKETS + WORD_BUCKETS
"""Character n-grams have the first buckets, word n-grams those behind them."""

LENGTHS = (3, 4, 5)
_POSITION_BITS = 32
_LAST_MARK = 0x3004

_MIX = np.uint32(2654435761)
_STEP = np.uint32(0x85EBCA6B)
_SEEDS = {length: np.uint32(0x9E3779B1 * length & 0xFFFFFFFF) for length in LENGTHS}
_WORD_SEED = np.uint32(0x27D4EB2F)
_PAIR_SEED = np.uint32(0x165667B1)
_MAX_WORD_LENGTH = 32
_POWERS = np.array([pow(0x01000193, at, 1 << 32) for at in range(_MAX_WORD_LENGTH)], dtype=np.uint32)
# What is no letter or digit ends a word; beyond ASCII, all but blanks and common marks belong to one.
_IN_WORD = np.array([chr(code).isalnum() for code in range(0x3000)], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class GramKind:
    """N-grams of one kind in the order of the text: their buckets, where each begins and where it ends."""

    buckets: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grams:
    """N-grams by kind. One that stood shortly before is left out: what is said over and over counts once."""

    kinds: tuple[GramKind, ...]
    length: int


def grams(text: str) -> Grams:
    """The n-grams of a text without lone surrogates, padded with a blank at both ends."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le"), dtype=np.uint32)
    return Grams(kinds=(*_characters(codes), *_words(codes)), length=len(codes))


def _bucket(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    mixed = hashes ^ (hashes >> np.uint32(15))
    return ((mixed * _MIX) >> np.uint32(32 - bits)).astype(np.int64)


def _kind(buckets: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> GramKind:
    """Without the n-grams that are less than a window behind the same one."""
    keys = np.sort((buckets << _POSITION_BITS) | np.arange(len(buckets)))
    positions = keys & ((1 << _POSITION_BITS) - 1)
    same = (keys[1:] >> _POSITION_BITS) == (keys[:-1] >> _POSITION_BITS)
    again = same & (starts[positions[1:]] - starts[positions[:-1]] < WINDOW)
    kept = np.ones(len(buckets), dtype=np.bool_)
    kept[positions[1:][again]] = False
    return GramKind(buckets[kept], starts[kept], ends[kept])


def _characters(codes: NDArray[np.uint32]) -> list[GramKind]:
    spread = codes * _MIX
    found = []
    rolling = spread
    for at in range(1, max(LENGTHS)):
        if len(codes) <= at:
            break
        rolling = (rolling[: len(codes) - at] * _STEP) ^ spread[at:]
        if at + 1 in LENGTHS:
            starts = np.arange(len(rolling))
            found.append(_kind(_bucket(rolling ^ _SEEDS[at + 1], CHARACTER_BITS), starts, starts + at + 1))
    return found


def _words(codes: NDArray[np.uint32]) -> list[GramKind]:
    """Words, and pairs of neighbours. Their hash is a sum over letters, each by its place in the word."""
    inside = np.take(_IN_WORD, np.minimum(codes, len(_IN_WORD) - 1)) | (codes > _LAST_MARK)
    edges = np.diff(inside.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return []
    places = np.arange(len(codes)) - np.repeat(
        np.concatenate(([0], starts)), np.diff(np.concatenate(([0], starts, [len(codes)])))
    )
    powers = np.where(
        inside & (places < _MAX_WORD_LENGTH), _POWERS[np.minimum(places, _MAX_WORD_LENGTH - 1)], np.uint32(0)
    )
    hashes = np.add.reduceat(codes * _MIX * powers, starts, dtype=np.uint32)
    hashes ^= (ends - starts).astype(np.uint32)
    single = _bucket(hashes ^ _WORD_SEED, WORD_BITS) + CHARACTER_BUCKETS
    double = _bucket((hashes[:-1] * _STEP) ^ hashes[1:] ^ _PAIR_SEED, WORD_BITS) + CHARACTER_BUCKETS
    return [_kind(single, starts, ends), _kind(double, starts[:-1], ends[1:])]
