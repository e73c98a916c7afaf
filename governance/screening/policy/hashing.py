"""PURE: the code points of a text, its words, and their hashes, for n-grams and for concepts alike."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import mul

import numpy as np
from numpy.typing import NDArray

MIX = np.uint32(2654435761)
MAX_WORD_LENGTH = 32
"""Letters of a word that its hash is made of."""
_LAST_MARK = 0x3004
_PLACED = [pow(0x01000193, at, 1 << 32) * int(MIX) & 0xFFFFFFFF for at in range(MAX_WORD_LENGTH)]
"""What a letter counts at each place of a word."""
# What is no letter or digit ends a word; beyond ASCII, all but blanks and common marks belong to one.
_IN_WORD = np.array([chr(code).isalnum() for code in range(0x3000)] + [True], dtype=np.bool_)
_IN_WORD[0x0900:0x0E80] = [
    chr(code).isprintable() and chr(code) not in "।॥" for code in range(0x0900, 0x0E80)
]


_SPREAD_IN_ASCII = np.arange(0x80, dtype=np.uint32) * MIX
_MAX_KNOWN, _MAX_KNOWN_LENGTH = 50_000, 48
"""Words that are kept with what was found of them, and letters that one may have: most words of a text were in the last ones."""


@dataclass(frozen=True, slots=True)
class CodePoints:
    """`spread` are the mixed code points; words are `starts` to `ends`, and `words` as text."""

    text: str
    spread: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    words: list[str]


class Known(dict[str, int]):
    """What a function says of words, kept for those of the last texts."""

    def __init__(self, of: Callable[[str], int]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, word: str) -> int:
        value = self._of(word)
        if len(word) <= _MAX_KNOWN_LENGTH:
            if len(self) >= _MAX_KNOWN:
                self.clear()
            self[word] = value
        return value

    def all(self, words: list[str]) -> NDArray[np.uint32]:
        """Of each word of a text."""
        return np.array(list(map(self.__getitem__, words)), dtype=np.uint32)


def code_points(text: str) -> CodePoints:
    """Of a text without lone surrogates that begins and ends with a blank."""
    if text.isascii():
        codes = np.frombuffer(text.encode(), dtype=np.uint8)
        spread, inside = _SPREAD_IN_ASCII[codes], _IN_WORD[codes]
    else:
        wide = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        spread = wide * MIX
        inside = _IN_WORD[np.minimum(wide, np.uint32(0x3000))]
        inside &= (wide < 0x3000) | (wide > _LAST_MARK)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    # The padding is a blank, so edges come in pairs.
    starts, ends = edges[::2], edges[1::2]
    words = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return CodePoints(text, spread, starts, ends, words)


def _hash(word: str) -> int:
    letters: int = sum(map(mul, map(ord, word), _PLACED))
    return (letters & 0xFFFFFFFF) ^ len(word)


word_hashes = Known(_hash)
"""The hash of each word."""


def bucket_of(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    """The bucket, of two to so many, that a hash falls into."""
    mixed = hashes ^ (hashes >> np.uint32(15))
    mixed *= MIX
    mixed >>= np.uint32(32 - bits)
    return mixed
