"""PURE: hashed n-grams of a text, all at once: characters by 3 to 5, words by 1 and 2, each at its place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHARACTER_BITS = 18
WORD_BITS = 17
CHARACTER_BUCKETS = 1 << CHARACTER_BITS
WORD_BUCKETS = 1 << WORD_BITS
BUCKETS = CHARACTER_BUCKETS + WORD_BUCKETS
"""Character n-grams have the first buckets, word n-grams those behind them."""

LENGTHS = (3, 4, 5)

_MIX = np.uint32(2654435761)
_STEP = np.uint32(0x85EBCA6B)
_SEEDS = {length: np.uint32(0x9E3779B1 * length & 0xFFFFFFFF) for length in LENGTHS}
_WORD_SEED = np.uint32(0x27D4EB2F)
_PAIR_SEED = np.uint32(0x165667B1)
_LONGEST_WORD = 32
_POWERS = np.array([pow(0x01000193, at, 1 << 32) for at in range(_LONGEST_WORD)], dtype=np.uint32)
# What is no letter or digit ends a word; beyond ASCII, all but blanks and common marks belong to one.
_IN_WORD = np.array([chr(code).isalnum() for code in range(0x3000)], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Grams:
    """Buckets of n-grams, and where each begins (code points)."""

    characters: tuple[NDArray[np.int64], ...]
    words: NDArray[np.int64]
    word_starts: NDArray[np.int64]
    pairs: NDArray[np.int64]
    length: int


def grams(text: str) -> Grams:
    """The n-grams of a text without lone surrogates, padded with a blank at both ends."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le"), dtype=np.uint32)
    words, starts, pairs = _words(codes)
    return Grams(
        characters=_characters(codes), words=words, word_starts=starts, pairs=pairs, length=len(codes)
    )


def _bucket(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    mixed = hashes ^ (hashes >> np.uint32(15))
    return ((mixed * _MIX) >> np.uint32(32 - bits)).astype(np.int64)


def _characters(codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], ...]:
    spread = codes * _MIX
    found = []
    rolling = spread.copy()
    for at in range(1, max(LENGTHS)):
        if len(codes) <= at:
            break
        rolling = (rolling[: len(codes) - at] * _STEP) ^ spread[at:]
        if at + 1 in LENGTHS:
            found.append(_bucket(rolling ^ _SEEDS[at + 1], CHARACTER_BITS))
    return tuple(found)


def _words(
    codes: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    inside = np.take(_IN_WORD, np.minimum(codes, len(_IN_WORD) - 1)) | (codes > 0x3004)
    edges = np.diff(inside.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    none = np.zeros(0, dtype=np.int64)
    if not len(starts):
        return none, none, none
    lengths = ends - starts
    places = np.arange(len(codes)) - np.repeat(
        np.concatenate(([0], starts)), np.diff(np.concatenate(([0], starts, [len(codes)])))
    )
    powers = np.where(
        inside & (places < _LONGEST_WORD), _POWERS[np.minimum(places, _LONGEST_WORD - 1)], np.uint32(0)
    )
    hashes = np.add.reduceat(codes * _MIX * powers, starts, dtype=np.uint32) ^ lengths.astype(np.uint32)
    single = _bucket(hashes ^ _WORD_SEED, WORD_BITS) + CHARACTER_BUCKETS
    double = _bucket((hashes[:-1] * _STEP) ^ hashes[1:] ^ _PAIR_SEED, WORD_BITS) + CHARACTER_BUCKETS
    return single, starts, double
