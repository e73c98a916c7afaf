"""PURE: the code points of a text, its words, and their hashes, for n-grams and for concepts alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIX = np.uint32(2654435761)
MAX_WORD_LENGTH = 32
"""Letters of a word that its hash is made of."""
_LAST_MARK = 0x3004
_POWERS = np.array([pow(0x01000193, at, 1 << 32) for at in range(MAX_WORD_LENGTH + 1)], dtype=np.uint32)
_POWERS[MAX_WORD_LENGTH] = 0
# What is no letter or digit ends a word; beyond ASCII, all but blanks and common marks belong to one.
_IN_WORD = np.array([chr(code).isalnum() for code in range(0x3000)] + [True], dtype=np.bool_)
_IN_WORD[0x0900:0x0E80] = [
    chr(code).isprintable() and chr(code) not in "।॥" for code in range(0x0900, 0x0E80)
]


@dataclass(frozen=True, slots=True)
class CodePoints:
    """`spread` are the mixed code points; words are `starts` to `ends`; `prefix` sums letters, each by its place in its word."""

    codes: NDArray[np.uint32]
    spread: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    words: NDArray[np.uint32]
    prefix: NDArray[np.uint32]
    text: str


def code_points(text: str) -> CodePoints:
    """Of a text without lone surrogates."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    spread = codes * MIX
    inside = _IN_WORD[np.minimum(codes, np.uint32(0x3000))]
    inside &= (codes < 0x3000) | (codes > _LAST_MARK)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    # The padding is a blank, so edges come in pairs.
    starts, ends = edges[::2], edges[1::2]
    places = np.full(len(codes), MAX_WORD_LENGTH, dtype=np.int64)
    lengths = ends - starts
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places[inside] = np.minimum(within, MAX_WORD_LENGTH)
    prefix = np.zeros(len(codes) + 1, dtype=np.uint32)
    np.cumsum(spread * _POWERS[places], dtype=np.uint32, out=prefix[1:])
    words = (prefix[ends] - prefix[starts]) ^ lengths.astype(np.uint32)
    return CodePoints(codes, spread, starts, ends, words, prefix, text)


def bucket_of(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    """The bucket, of two to so many, that a hash falls into."""
    mixed = hashes ^ (hashes >> np.uint32(15))
    mixed *= MIX
    mixed >>= np.uint32(32 - bits)
    return mixed
