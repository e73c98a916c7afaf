"""PURE: how sure it is that a person's name is one: by its words, and by what it stands in.

A model that reads many languages takes names of products, headings and identifiers for people's now and then. Rules that must leave
everything else as it was written go by the score (`SURE`); rules that must miss nobody take all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from governance.privacy.policy.recognition.folding import fold_letters
from governance.privacy.policy.recognition.people import NOT_NAMES, PLACES_TOO, given_names
from governance.screening.policy.findings import Finding

SURE, UNSURE = 0.85, 0.6
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CODE_AROUND = re.compile(r"[\w.@#$/\\<>{}\[\]=\"'`_:&|]")
_CODE_LINE = re.compile(r"[{};]\s*$|^\s*(?://|#include|import |def |var |let |const |public |private )|\w\(|=>|</|::|==|\$\w|^\s*@\w", re.MULTILINE)  # fmt: skip
_MIN_LENGTH = 3
_ANNOUNCED = 0.8
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "da",
        "do",
        "dos",
        "das",
        "di",
        "del",
        "della",
        "du",
        "la",
        "le",
        "bin",
        "ibn",
        "al",
        "el",
        "y",
        "e",
        "ten",
        "ter",
        "zu",
    ]
)
_THINGS_TOO = frozenset(
    [
        "safari",
        "mac",
        "luna",
        "sol",
        "anda",
        "peace",
        "okta",
        "phuong",
        "alexa",
        "siri",
        "cortana",
        "gemini",
        "kafka",
        "jira",
        "vega",
        "lambda",
        "delta",
        "sigma",
        "mercedes",
        "tesla",
        "ford",
        "porsche",
        "ferrari",
        "chanel",
        "dior",
        "prada",
        "boeing",
        "nikon",
        "canon",
        "bosch",
        "siemens",
        "philips",
        "lancet",
        "nature",
        "cielo",
        "mar",
        "estrella",
        "flor",
        "perla",
        "casa",
        "sera",
        "vera",
        "alba",
        "gloria",
        "victoria",
        "stella",
        "terra",
        "prima",
        "nota",
        "data",
        "media",
    ]
)
"""Given names that are a thing, a firm or a word of another language more often: alone they are not sure."""


def with_sureness(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, with the scores of people's names by how sure they are; what announces a name makes it sure."""
    for each in found:
        if each.entity != "PERSON":
            yield each
        elif _is_announced(text, each) or _is_sure(text, each):
            yield replace(each, score=max(each.score, SURE))
        else:
            yield replace(each, score=min(each.score, UNSURE))


def _is_announced(text: str, each: Finding) -> bool:
    """Whether a title stands before it, or a form of address."""
    words = text[each.start : each.end].split()
    return (
        each.rule == "introduced names"
        and each.score >= _ANNOUNCED
        and all(word.count("-") < _MIN_LENGTH for word in words)
    )


def _is_sure(text: str, each: Finding) -> bool:
    written = _WORD.findall(text, each.start, each.end)
    words = [fold_letters(word).replace("’", "'") for word in written]
    if not words or any(word in NOT_NAMES for word in words) or _is_code(text, each):
        return False
    if not all(word[0].isupper() or word in _PARTICLES for word in written):
        return False
    is_given = len(words[0]) >= _MIN_LENGTH and words[0] in given_names() and words[0] not in _ordinary()
    is_ambiguous = words[0] in PLACES_TOO or words[0] in _THINGS_TOO
    if len(words) == 1:
        return is_given and not is_ambiguous and not written[0].isupper()
    is_family = words[-1] in _surnames() and words[-1] not in _ordinary()
    if all(map(str.isupper, written)):
        return is_given and is_family  # in capitals everything looks like a name
    if is_given and not is_ambiguous:
        return is_family or not any(word in _ordinary() for word in words[1:])
    return is_family and (is_given or len(words[0]) == 1)


def _is_code(text: str, each: Finding) -> bool:
    """Whether it stands in code: glued to its signs, or a word of a line of it."""
    before, after = text[max(0, each.start - 1) : each.start], text[each.end : each.end + 1]
    if (before and before != "\n" and _CODE_AROUND.match(before) and before not in "\"'") or (
        after and after in "_/\\<>{}[]=`@#$|"
    ):
        return True
    begin = text.rfind("\n", 0, each.start) + 1
    end = text.find("\n", each.end)
    line = text[max(begin, each.start - 200) : min(end if end >= 0 else len(text), each.end + 200)]
    return _CODE_LINE.search(line) is not None


@cache
def _surnames() -> frozenset[str]:
    return _lines("surnames.txt")


@cache
def _ordinary() -> frozenset[str]:
    """Words that are mostly no names, where they begin a sentence, too."""
    return _lines("common_words.txt") | _lines("ner_words.txt") | _lines("ordinary_words.txt")


def _lines(name: str) -> frozenset[str]:
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
