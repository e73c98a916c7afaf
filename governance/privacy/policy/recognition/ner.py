"""PURE: what a language model's entities mean here, and the text as it is best shown to the model."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from governance.screening.policy.findings import Finding

SCORES = {"PERSON": 0.85, "LOCATION": 0.85, "ORGANIZATION": 0.6}
"""What the model finds, and how sure that is: of organisations less."""

Span = tuple[int, int, str]
"""(start, end, entity), in code points."""

_BREAK = re.compile(r"[\n\r\t`\"“”<>{}\[\]|=;:?!]|,\s|\s-\s|/")
_EDGE = " .,'’()*_#>-"
_CAPITALS = re.compile(r"(?<![\w])[^\W\d_a-zß-ÿ]{5,}(?![\w])")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ]")
_WORDS = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")


def as_read(text: str) -> str:
    """The same text, of the same length, with names in the case that the model was trained on."""
    shown = _CAPITALS.sub(lambda match: _same_length(match.group(), match.group().capitalize()), text)
    if not any(map(str.isupper, shown)):
        shown = _same_length(
            shown, re.sub(r"(?<!\w)[^\W\d_]{3,}", lambda match: match.group().capitalize(), shown)
        )
    return shown


def _same_length(text: str, changed: str) -> str:
    return changed if len(changed) == len(text) else text


@cache
def _words_of(name: str) -> frozenset[str]:
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def without_ordinary(text: str, found: Iterable[Finding]) -> list[Finding]:
    """The findings of names but those of which every word is an acronym that names nobody, or a word of letters and forms."""
    return [
        each
        for each in found
        if each.entity not in SCORES or not all(map(_is_ordinary, _WORDS.findall(text, each.start, each.end)))
    ]


def _is_ordinary(word: str) -> bool:
    return word in _words_of("acronyms.txt") or word.casefold() in _words_of("ordinary_words.txt")


def findings_of(text: str, spans: Iterable[Span]) -> Iterator[Finding]:
    """The model's spans as findings, cut where structure ends a name, and without what is none."""
    for start, end, label in spans:
        if (score := SCORES.get(label)) is None:
            continue
        for begin, finish in _cut(text, start, end, label):
            if _is_plausible(text[begin:finish], label):
                yield Finding(begin, finish, label, score, "language model")


def _cut(text: str, start: int, end: int, entity: str) -> Iterator[tuple[int, int]]:
    breaks = list(_BREAK.finditer(text, start, end))
    if entity == "ORGANIZATION":
        breaks = [match for match in breaks if match.group() != ", "]
    begin = start
    for finish, after in [*((match.start(), match.end()) for match in breaks), (end, end)]:
        piece = text[begin:finish]
        left = len(piece) - len(piece.lstrip(_EDGE))
        right = len(piece) - len(piece.rstrip(_EDGE))
        if begin + left < finish - right:
            yield begin + left, finish - right
            if entity in ("PERSON", "LOCATION"):
                return  # what comes after a line's end is another line's
        begin = after


def _is_plausible(text: str, entity: str) -> bool:
    if len(_LATIN.findall(text)) < 2 or "@" in text:
        return False  # the model knows no other letters
    if text.islower() and any(word in _words_of("common_words.txt") for word in text.split()):
        return False
    return entity not in ("PERSON", "NRP") or _DIGIT.search(text) is None
