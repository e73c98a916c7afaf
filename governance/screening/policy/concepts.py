"""PURE: what the words of an order to a model mean, in twenty languages: `ignore`, `instruction`, `password` … and their neighbours.

What is learned of concepts in one language holds in the others.
"""

import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import re2
from numpy.typing import NDArray

from governance.screening.policy.hashing import CodePoints, Known, code_points
from governance.screening.policy.lookalikes import plain_latin

FILE = "concepts.txt"
_ID_BITS = 6
PAIRS_FROM = 1 << _ID_BITS
CONCEPT_BUCKETS = PAIRS_FROM + (1 << 2 * _ID_BITS)
"""Concepts by themselves have the first buckets, ordered pairs of near ones those behind them."""
NEAR = 3
"""Concepts up to so many behind make a pair."""
REACH = 100
"""Code points from the begin of the one to the end of the other that a pair may take."""
_STEMS = range(9, 1, -1)
"""Letters that a stem may have, the longest first."""
_MIN_STEM = 4

Found = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]


class _Lexicon(NamedTuple):
    """The concepts of words, of stems, and of what has no blanks round it, which `unspaced` finds."""

    words: dict[str, int]
    stems: dict[str, int]
    unspaced: "re2._Regexp"
    unspaced_ids: dict[str, int]


def concepts(points: CodePoints) -> list[Found]:
    """Concepts, and pairs of near ones: bucket, begin and end of each, in the order of the text."""
    ids, starts, ends = _in_order(points)
    if not ids:
        return []
    pairs, firsts, lasts = [], [], []
    furthest = 0
    for first, (one, start) in enumerate(zip(ids, starts, strict=True)):
        for second in range(first + 1, min(first + 1 + NEAR, len(ids))):
            if ends[second] - start <= REACH:
                pairs.append(PAIRS_FROM + (one << _ID_BITS) + ids[second])
                firsts.append(start)
                furthest = max(furthest, ends[second])
                lasts.append(furthest)
    return [_arrays(ids, starts, ends), _arrays(pairs, firsts, lasts)]


def _arrays(buckets: list[int], starts: list[int], ends: list[int]) -> Found:
    return np.array(buckets, np.uint32), np.array(starts, np.int64), np.array(ends, np.int64)


def _in_order(points: CodePoints) -> tuple[list[int], list[int], list[int]]:
    if not points.words:
        return [], [], []
    ids = _concept_of.all(points.words)
    kept = np.flatnonzero(ids)
    found = ids[kept].tolist(), points.starts[kept].tolist(), points.ends[kept].tolist()
    if not points.text.isascii() and max(points.text) >= "\u0e00":
        rows = sorted((*zip(*found, strict=True), *_unspaced(points.text)), key=lambda row: row[1])
        return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    return found


def _concept(word: str) -> int:
    """Of a word, 0 for none: by its whole spelling, else by its longest stem that is known."""
    lexicon = _lexicon()
    if found := lexicon.words.get(word):
        return found
    for length in _STEMS:
        if length <= len(word) and (found := lexicon.stems.get(word[:length])):
            return found
    return 0


_concept_of = Known(_concept)


def _unspaced(text: str) -> list[tuple[int, int, int]]:
    """Of scripts that are written without blanks: concept, begin and end of each."""
    lexicon = _lexicon()
    return [
        (lexicon.unspaced_ids[match.group()], match.start(), match.end())
        for match in lexicon.unspaced.finditer(text)
    ]


def names() -> tuple[str, ...]:
    """The concepts, in the order of the file; 0 stands for none."""
    return tuple(line.partition(":")[0] for line in _lines())


@cache
def _lexicon() -> _Lexicon:
    words: dict[str, int] = {}
    stems: dict[str, int] = {}
    unspaced: dict[str, int] = {}
    for number, line in enumerate(_lines(), start=1):
        for entry in line.partition(":")[2].split():
            word = folded(entry.rstrip("*"))
            if is_unspaced(word):
                unspaced.setdefault(word, number)
                continue
            word = word[: max(_STEMS)] if entry.endswith("*") else word
            if code_points(f" {word} ").words != [word]:
                continue
            is_stem = entry.endswith("*") and len(word) >= (_MIN_STEM if _has_case(word) else min(_STEMS))
            (stems if is_stem else words).setdefault(word, number)
    longest_first = "|".join(sorted(unspaced, key=lambda word: (-len(word), word)))
    return _Lexicon(words, stems, re2.compile(longest_first), unspaced)


def folded(word: str) -> str:
    """A word as normalised texts have it."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return plain_latin(
        unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))
    )


def is_unspaced(word: str) -> bool:
    """Whether its script has no blanks between words: Thai, kana, Chinese characters."""
    return any("\u0e00" <= sign <= "\u0e7f" or "\u3005" <= sign <= "\u9fff" for sign in word)


def _has_case(word: str) -> bool:
    return word.upper() != word


def _lines() -> list[str]:
    return [line for line in files(__package__).joinpath(FILE).read_text().splitlines() if line.strip()]
