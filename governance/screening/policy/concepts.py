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

from governance.screening.policy.hashing import CodePoints, bucket_of, code_points
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
_STEMS = range(2, 10)
_MIN_STEM = 4
_TABLE_BITS = 18
_SEED = np.uint32(830 * 2654435761 & 0xFFFFFFFF)
"""With it no two words of the lexicon fall into one slot."""
_STEM_LENGTHS = np.array(_STEMS, dtype=np.int64)[:, np.newaxis]
_STEM_MARKS = np.uint32(0xA5A50000) + _STEM_LENGTHS.astype(np.uint32)

Found = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]


class _Lexicon(NamedTuple):
    """`slots` gives for a hash the place in `hashes` and `ids`, 0 where there is none; `unspaced` finds what has no blanks round it."""

    slots: NDArray[np.uint16]
    hashes: NDArray[np.uint32]
    ids: NDArray[np.uint8]
    unspaced: "re2._Regexp"
    unspaced_ids: dict[str, int]


def concepts(points: CodePoints) -> list[Found]:
    """Concepts, and pairs of near ones: bucket, begin and end of each, in the order of the text."""
    ids, starts, ends = _in_order(points)
    if not len(ids):
        return []
    first = np.arange(len(ids)).repeat(NEAR)
    second = first + np.tile(np.arange(1, NEAR + 1), len(ids))
    inside = second < len(ids)
    first, second = first[inside], second[inside]
    near = ends[second] - starts[first] <= REACH
    first, second = first[near], second[near]
    pairs = (ids[first] << np.uint32(_ID_BITS)) + ids[second] + np.uint32(PAIRS_FROM)
    return [(ids, starts, ends), (pairs, starts[first], np.maximum.accumulate(ends[second]))]


def _in_order(points: CodePoints) -> Found:
    spaced = _spaced(points)
    if len(points.codes) and int(points.codes.max()) >= 0x0E00:
        unspaced = _unspaced(points.text)
        if len(unspaced[0]):
            ids = np.concatenate((spaced[0], unspaced[0]))
            starts = np.concatenate((spaced[1], unspaced[1]))
            ends = np.concatenate((spaced[2], unspaced[2]))
            order = np.argsort(starts, kind="stable")
            return ids[order], starts[order], ends[order]
    return spaced


def _spaced(points: CodePoints) -> Found:
    """Of words: each by its whole spelling, else by its longest stem that is known."""
    starts, ends = points.starts, points.ends
    lengths = ends - starts
    stems = points.prefix[np.minimum(starts + _STEM_LENGTHS, ends)]
    stems -= points.prefix[starts]
    stems ^= _STEM_MARKS
    stems[lengths < _STEM_LENGTHS] = 0
    hashes = np.concatenate((stems, points.words[np.newaxis]))
    lexicon = _lexicon()
    places = lexicon.slots[bucket_of(hashes ^ _SEED, _TABLE_BITS)]
    # In the order of lengths, so the longest stem is the last to be written, and the whole word after all.
    row, column = np.nonzero(places)
    places = places[row, column]
    held = lexicon.hashes[places] == hashes[row, column]
    ids = np.zeros(len(starts), dtype=np.uint32)
    ids[column[held]] = lexicon.ids[places[held]]
    kept = np.flatnonzero(ids)
    return ids[kept], starts[kept], ends[kept]


def _unspaced(text: str) -> Found:
    """Of scripts that are written without blanks."""
    lexicon = _lexicon()
    found = [
        (lexicon.unspaced_ids[match.group()], match.start(), match.end())
        for match in lexicon.unspaced.finditer(text)
    ]
    ids, starts, ends = zip(*found, strict=True) if found else ((), (), ())
    return np.array(ids, dtype=np.uint32), np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


def names() -> tuple[str, ...]:
    """The concepts, in the order of the file; 0 stands for none."""
    return tuple(line.partition(":")[0] for line in _lines())


@cache
def _lexicon() -> _Lexicon:
    slots = np.zeros(1 << _TABLE_BITS, dtype=np.uint16)
    hashes, ids = [np.uint32(0)], [0]
    unspaced: dict[str, int] = {}
    for number, line in enumerate(_lines(), start=1):
        for entry in line.partition(":")[2].split():
            word = folded(entry.rstrip("*"))
            if is_unspaced(word):
                unspaced.setdefault(word, number)
                continue
            word = word[: max(_STEMS)] if entry.endswith("*") else word
            is_stem = entry.endswith("*") and len(word) >= (_MIN_STEM if _has_case(word) else min(_STEMS))
            for hashed in _hashes(word, is_stem=is_stem):
                place = int(bucket_of(np.array([hashed ^ _SEED]), _TABLE_BITS)[0])
                if not slots[place]:
                    slots[place] = len(ids)
                    hashes.append(hashed)
                    ids.append(number)
    longest_first = "|".join(sorted(unspaced, key=lambda word: (-len(word), word)))
    return _Lexicon(
        slots,
        np.array(hashes, dtype=np.uint32),
        np.array(ids, dtype=np.uint8),
        re2.compile(longest_first),
        unspaced,
    )


def _hashes(word: str, *, is_stem: bool) -> list[np.uint32]:
    points = code_points(f" {word} ")
    if len(points.starts) != 1:
        return []
    length = len(word)
    if is_stem and length in _STEMS:
        return [points.words[0] ^ np.uint32(length) ^ _STEM_MARKS[length - min(_STEMS), 0]]
    return [points.words[0]]


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
