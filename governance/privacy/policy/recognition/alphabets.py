"""PURE: characters that stand for ASCII ones, one for one: blanks, dashes, digits of every script, letters in other shapes."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from governance.screening.policy.lookalikes import TO_LATIN

_RANGES = ((0x80, 0x3400), (0xA000, 0xABFF), (0xF900, 0x10000), (0x10000, 0x11FFF), (0x16A00, 0x16AFF), (0x1D400, 0x1D800), (0x1E000, 0x1E9FF), (0x1F100, 0x1F1AD), (0x1FBF0, 0x1FBFA))  # fmt: skip
"""Where the standard has such characters: looking at all of them would take a third of a second."""
_SIGNS = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⁃➖─╌", "-"),
    **dict.fromkeys("。｡․·∙⋅ㆍ・‧⸱", "."),
    **dict.fromkeys("‘’‚‛′ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("⁄∕⧸", "/"),
    "∶": ":",
    "➕": "+",
    "\u2028": "\n",
    "\u2029": "\n",
    "\x85": "\n",
}
_NEGATIVE = (0x1F150, 0x1F170, 0x1F1E6)
"""White letters on black circles and squares, and the letters that flags are made of: Unicode names no letter for them."""

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\u0305\u0332-\u0338\u0488\u0489\u20d0-\u20ff"
)
"""For use in a character class: what takes no room, and strokes and boxes drawn over the sign before."""

_FOREIGN = {
    **TO_LATIN,
    **{
        ord(chr(code).upper()): latin.upper()
        for code, latin in TO_LATIN.items()
        if len(chr(code).upper()) == 1 and chr(code).upper() != chr(code)
    },
}
_LETTERS = "".join(map(chr, _FOREIGN))
_HAS_MIXED = re.compile(f"[A-Za-z0-9@][._\\-]?[{_LETTERS}]|[{_LETTERS}][._\\-]?[A-Za-z0-9@]")
_TOKEN = re.compile(r"\S+")
_ASCII = re.compile(r"[A-Za-z0-9@]")


@cache
def table() -> dict[int, str]:
    """Each such character, and what it stands for."""
    return {**dict(_standing_for()), **{ord(sign): plain for sign, plain in _SIGNS.items()}}


def _standing_for() -> Iterator[tuple[int, str]]:
    for first, last in _RANGES:
        for code in range(first, last):
            letter = chr(code)
            if (digit := unicodedata.digit(letter, None)) is not None:
                yield code, str(digit)
            elif unicodedata.category(letter) == "Zs":
                yield code, " "
            elif len(plain := unicodedata.normalize("NFKC", letter)) == 1 and plain.isascii():
                yield code, plain
    for first in _NEGATIVE:
        for place in range(26):
            yield first + place, chr(ord("A") + place)


@cache
def _any_of_table() -> re.Pattern[str]:
    """Of the basic plane: further characters would make the class a list that is gone through for each letter of the text."""
    return re.compile("[" + "".join(re.escape(chr(code)) for code in table() if code < 0x10000) + "]")


_FURTHER = re.compile("[\U00010000-\U0010ffff]")


def straight(text: str) -> str:
    """The text, of the same length, with ASCII for what stands for it, and Latin letters where a word mixes scripts."""
    if text.isascii():
        return text
    if _any_of_table().search(text) is not None or _FURTHER.search(text) is not None:
        text = text.translate(table())
    if _HAS_MIXED.search(text) is not None:
        text = _TOKEN.sub(_latin, text)
    return text


def _latin(token: re.Match[str]) -> str:
    word = token.group()
    if word.isascii() or _ASCII.search(word) is None:
        return word
    latin = word.translate(_FOREIGN)
    return latin if latin.isascii() else word
