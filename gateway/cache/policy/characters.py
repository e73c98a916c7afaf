"""PURE: the pieces of a question: words, numbers, symbols. What is not known to be free counts."""

import re
import unicodedata
from typing import NamedTuple

from gateway.cache.policy.words import words_of

WORD, NUMBER, SYMBOL, QUOTED, PAUSE = "word", "number", "symbol", "quoted", "pause"
POSSESSIVE = "'s"
GLUE = "\u2007"
"""Stands for a blank inside a piece, so that pieces can be joined by blanks."""

_ALIKE = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"', "\u2010": "-",
        "\u2011": "-", "\u2212": "-", "\u2013": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u00bd": " 1/2 ", "\u00bc": " 1/4 ", "\u00be": " 3/4 ", GLUE: " ",
    }
)  # fmt: skip
_PIECES = re.compile(
    r"""
    (?P<quoted>"[^"\n]{1,200}"|`[^`\n]{1,200}`|(?<!\w)'[^'\n]{1,80}'(?!\w))
    |(?P<symbol>
        https?://\S*[^\s.,;:!?)'"]|www\.\S*[^\s.,;:!?)'"]
        |[\w.+-]+@[\w-]+(?:\.[\w-]+)+
        |<[^<>\s]{1,90}>|&lt;\S{1,90}?&gt;
        |°\ ?[CF]\b
        |(?<![\w.])--?[A-Za-z][\w-]*(?==|\s|$)
        |(?<!\w)[~.]{0,2}[/\\](?:[\w.~-]+[/\\]?)+
        |(?<!\w)[.@\#]\w+
        |(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?
        |[^\W\d_]\w*(?:\+\+|[+\#*])+(?![\w])
        |[^\W\d_]\w*(?:[._@:\#/\\&]+\w+)+|\w*_\w*
    )
    |(?P<number>(?:(?<![\w.)])[-+])?(?:\d+(?:[.,:/-]\d+)*|\.\d+)(?P<ending>[^\W_]*))
    |(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*\d*\w*)
    |(?P<pause>(?:(?!(?<=\()(?:"[^"\n]{1,200}"|'[^'\n]{1,80}'(?!\w)))[,;:.!?()"'…—–-])+)
    |(?P<other>[^\s])
    """,
    re.VERBOSE,
)
_LETTERS_WITH_DOTS = re.compile(r"(?:[^\W\d_]\.){1,}[^\W\d_]?")
_ENDS = ".!?"
_APART = re.compile(
    r"(?:eating|killing|hunting|loving|hating|fearing|chasing|fighting|watching|seeking|owning|odd|used)\b",
    re.IGNORECASE,
)
"""Behind a hyphen they make one word of two that have another sense apart: man-eating sharks, 30-odd people."""
_OPERATOR = re.compile(r"[=+*/^<>|~√∑∫]|\w\(|\((?:int|long|float|double|char|bool|void|string|str)\)")


class Piece(NamedTuple):
    """A piece as it was written, what it is, and whether a sentence begins with it."""

    text: str
    kind: str
    begins: bool


def pieces_of(text: str) -> list[Piece]:
    """In order. Of pauses only commas are kept, and what is no mere pause: an operator, a factorial, a prime."""
    text = unicodedata.normalize("NFC", text).translate(_ALIKE).strip()
    is_formula = _OPERATOR.search(text) is not None
    found: list[Piece] = []
    begins = True
    for match in _PIECES.finditer(text):
        kind, piece = match.lastgroup or "", match.group()
        if kind == PAUSE:
            found += _of_pause(text, match, is_formula=is_formula)
            begins = begins or any(mark in piece for mark in _ENDS)
            continue
        if kind == "ending":
            kind = NUMBER
        elif kind == "other":
            kind = SYMBOL
        elif kind == SYMBOL and _LETTERS_WITH_DOTS.fullmatch(piece):
            kind, piece = WORD, piece.replace(".", "").upper()
        found.append(Piece(piece.replace(" ", GLUE), kind, begins))
        begins = False
    return found


def _of_pause(text: str, match: "re.Match[str]", *, is_formula: bool) -> list[Piece]:
    """What counts among marks that are mostly free."""
    marks, start, end = match.group(), match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    if _is_spoken_of(marks, before, after, text[end:].lstrip()) or _is_named(marks, text, start, end):
        return [Piece(marks.rstrip(_ENDS) or marks, SYMBOL, False)]
    found = []
    for mark in marks:
        is_glued = len(marks) == 1 and before.isalnum() and after.isalnum()
        if mark in "()":
            kept = is_formula
        elif mark == "!":
            is_single = before.isalpha() and not text[start - 2 : start - 1].isalnum()
            kept = before.isdigit() or after == "=" or is_single or (after.isalnum() and not before.isalnum())
        elif mark == "'":
            kept = before.isalnum() and not after.isalnum()
            if kept and before == "s" and text[end:].lstrip()[:1].isalpha():
                mark = POSSESSIVE
        elif mark == "-":
            left, right = text[start - 2 : start - 1], text[end + 1 : end + 2]
            kept = _APART.match(text, end) is not None if is_glued else False
            kept = kept or (
                before.isupper() and not text[start - 2 : start - 1].isalnum() and not after.isalnum()
            )
            kept = kept or (is_glued and not left.isalpha() and not right.isalpha()) or (
                is_formula or _is_single(text[: start].rstrip(), text[end:].lstrip()) or (text[: start].rstrip()[-1:].isdigit() and text[end:].lstrip()[:1].isdigit())
            )  # fmt: skip
        else:
            kept = False
        if kept:
            found.append(Piece(mark, SYMBOL, False))
        elif mark in ",;:.?!":
            found.append(Piece(",", PAUSE, False))
    return found


def _is_single(before: str, after: str) -> bool:
    """Whether a mark stands between two letters that are alone: a - b."""
    return (
        before[-1:].isalpha()
        and not before[-2:-1].isalnum()
        and after[:1].isalpha()
        and not after[1:2].isalnum()
    )


_BEFORE_NAMED = words_of(
    "does do is are was the a an of and or use using between by with for called mean means escape explain type write"
)


def _is_named(marks: str, text: str, start: int, end: int) -> bool:
    """Whether marks stand as a noun: behind a word that wants one, and apart from it."""
    if text[start - 1 : start] != " " or not (end == len(text) or text[end] == " "):
        return False
    if len(marks) == 1 and end == len(text) and marks in _ENDS:
        return False
    return text[:start].rstrip().rpartition(" ")[2].casefold() in _BEFORE_NAMED


def _is_spoken_of(marks: str, before: str, after: str, rest: str) -> bool:
    """Whether marks stand where a word would: "what does ? mean". What ends a sentence has nothing or a capital behind it."""
    return (
        before in ("", " ")
        and after == " "
        and not rest[:1].isupper()
        and bool(rest)
        and marks not in (",", ";", ":", "-", "--")
    )
