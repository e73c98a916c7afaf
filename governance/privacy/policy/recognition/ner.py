"""PURE: what a language model's entities mean here, and the text as it is best shown to the model."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from governance.privacy.policy.recognition.dates import names_a_date
from governance.screening.policy.findings import Finding

ENTITIES = {
    "PERSON": ("PERSON", 0.85),
    "GPE": ("LOCATION", 0.85),
    "LOC": ("LOCATION", 0.85),
    "FAC": ("LOCATION", 0.6),
    "ORG": ("ORGANIZATION", 0.6),
    "NORP": ("NRP", 0.85),
    "DATE": ("DATE_TIME", 0.6),
    "TIME": ("DATE_TIME", 0.6),
}
"""spaCy's English labels as (our entity, score): Presidio's mapping, organisations less sure."""

Span = tuple[int, int, str]
"""(start, end, the model's label), in code points."""

_BREAK = re.compile(r"[\n\r\t`\"“”<>{}\[\]|=;:?!]|,\s|\s-\s|/")
_EDGE = " .,'’()*_#>-"
_CAPITALS = re.compile(r"(?<![\w])[^\W\d_a-zß-ÿ]{5,}(?![\w])")
_LETTERS = re.compile(r"[^\W\d_]")
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
def _common_words() -> frozenset[str]:
    lines = files(__package__).joinpath("common_words.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def findings_of(text: str, spans: Iterable[Span]) -> Iterator[Finding]:
    """The model's spans as findings, cut where structure ends a name, and without what is none."""
    for start, end, label in spans:
        if (known := ENTITIES.get(label)) is None:
            continue
        entity, score = known
        for begin, finish in _cut(text, start, end, entity):
            if _is_plausible(text[begin:finish], entity):
                yield Finding(begin, finish, entity, score, "language model")


def _cut(text: str, start: int, end: int, entity: str) -> Iterator[tuple[int, int]]:
    breaks = [] if entity == "DATE_TIME" else list(_BREAK.finditer(text, start, end))
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
    if entity == "DATE_TIME":
        return names_a_date(text)
    if len(_LETTERS.findall(text)) < 2 or "@" in text:
        return False
    if text.islower() and any(word in _common_words() for word in text.split()):
        return False
    return entity not in ("PERSON", "NRP") or _DIGIT.search(text) is None
