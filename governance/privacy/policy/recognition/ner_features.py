"""PURE: a text as words, and a word as the rows of the names model's table that stand for it."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from zlib import crc32

from governance.privacy.policy.recognition.folding import fold_letters

ROWS = 1 << 16
"""Rows of the table. What a word's parts are is hashed into it, so that words never seen have rows, too."""

_WORD = re.compile(r"[^\W\d_]+|\d+|\n|\S")
_REMEMBERED = 30_000
_MAX_LETTERS = 24
"""Letters of a word that are looked at."""


def words(text: str) -> list[tuple[int, int]]:
    """Start and end of each run of letters or digits, sign and line's end."""
    return [match.span() for match in _WORD.finditer(text)]


@cache
def names_of(name: str) -> frozenset[str]:
    """The words of a list that lies beside this module."""
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@lru_cache(maxsize=_REMEMBERED)
def rows_of(word: str, glued: bool) -> tuple[int, ...]:
    """The rows of a word; `glued` where nothing stands between it and the one before."""
    if not word[0].isalpha():
        kind = "9" * min(len(word), 5) if word[0].isdigit() else word
        return _hashed(("w" + kind, "W" + kind, "g" + kind[0] * glued))
    word = word[:_MAX_LETTERS]
    low = word.lower()
    folded = fold_letters(word)
    case = _case(word)
    lists = "".join(
        letter
        for letter, name in (("g", "given_names.txt"), ("s", "surnames.txt"), ("p", "place_names.txt"))
        if folded in names_of(name)
    )
    lists += "c" * (low in names_of("common_words.txt")) + "o" * (low in names_of("ner_words.txt"))
    parts = [
        "w" + low,
        "W" + low,
        "c" + case + "g" * glued,
        "l" + lists + case[:1],
        "k" + str(min(len(word), 9)) + case[:1],
        "p" + low[:3],
        "P" + low[:4],
        "s" + low[-2:],
        "S" + low[-3:],
        "T" + low[-4:],
    ]
    framed = f"<{low}>"
    parts += ["n" + framed[at : at + 4] for at in range(len(framed) - 3)]
    return _hashed(parts)


def _case(word: str) -> str:
    if word.islower():
        return "a"
    if word.isupper():
        return "I" if len(word) == 1 else "AA" if len(word) <= 4 else "AAAA"
    return "Aa" if word[0].isupper() and word[1:].islower() else "aA"


def _hashed(parts: "list[str] | tuple[str, ...]") -> tuple[int, ...]:
    return tuple(crc32(part.encode("utf-8", "surrogatepass")) % ROWS for part in parts)
