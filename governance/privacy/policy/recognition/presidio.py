"""PURE: Presidio's pattern recognizers of every locale, asked about the stretches with digits alone.

Presidio's recognizers are the judges of form and checksum. What is ours: they see little of a text, and a number that
only its checksum speaks for needs a word beside it, since one random number in ten has the right check digit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import regex

from governance.privacy.policy.recognition.context import speaks_for
from governance.privacy.policy.recognition.islands import islands
from governance.privacy.policy.recognition.machines import is_ip, is_mac
from governance.screening.policy.findings import Finding

if TYPE_CHECKING:
    from presidio_analyzer import PatternRecognizer

ENTITIES: tuple[str, ...] = (
    "ABA_ROUTING_NUMBER", "AU_ABN", "AU_ACN", "AU_MEDICARE", "AU_TFN", "CA_SIN", "CRYPTO", "DE_BSNR",
    "DE_FUEHRERSCHEIN", "DE_HANDELSREGISTER", "DE_HEALTH_INSURANCE", "DE_ID_CARD", "DE_KFZ", "DE_LANR",
    "DE_PASSPORT", "DE_SOCIAL_SECURITY", "DE_TAX_ID", "DE_TAX_NUMBER", "DE_VAT_ID", "ES_NIE", "ES_NIF",
    "ES_PASSPORT", "FI_PERSONAL_IDENTITY_CODE", "IN_AADHAAR", "IN_GSTIN", "IN_PAN", "IN_PASSPORT",
    "IN_VEHICLE_REGISTRATION", "IN_VOTER", "IP_ADDRESS", "IT_DRIVER_LICENSE", "IT_FISCAL_CODE",
    "IT_IDENTITY_CARD", "IT_PASSPORT", "IT_VAT_CODE", "KR_BRN", "KR_DRIVER_LICENSE", "KR_FRN", "KR_PASSPORT",
    "KR_RRN", "MAC_ADDRESS", "MEDICAL_LICENSE", "NG_NIN", "NG_VEHICLE_REGISTRATION", "PH_PASSPORT", "PH_TIN",
    "PH_UMID", "PL_PESEL", "SE_ORGANISATIONSNUMMER", "SE_PERSONNUMMER", "SG_NRIC_FIN", "SG_UEN", "TH_TNIN",
    "TR_LICENSE_PLATE", "TR_NATIONAL_ID", "UK_DRIVING_LICENCE", "UK_NHS", "UK_NINO", "UK_PASSPORT",
    "UK_VEHICLE_REGISTRATION", "US_BANK_NUMBER", "US_CLAIM_NUMBER", "US_DRIVER_LICENSE", "US_ITIN", "US_MBI",
    "US_NPI", "US_PASSPORT", "US_PRESCRIPTION_NUMBER", "US_PRIOR_AUTHORIZATION_NUMBER", "US_PROVIDER_TAX_ID",
    "US_REFERRAL_NUMBER", "US_SSN", "ZA_COMPANY_REGISTRATION", "ZA_DRIVER_LICENSE", "ZA_ID_NUMBER",
    "ZA_INCOME_TAX_NUMBER", "ZA_LICENSE_PLATE", "ZA_PASSPORT", "ZA_TRAFFIC_REGISTER_NUMBER", "ZA_VAT_NUMBER",
)  # fmt: skip
"""What these recognizers find; a test holds it against them."""
_MIN_SCORE = 0.4
_CONTEXT_BONUS = 0.35
_MIN_DIGITS = 4
_RIGHT_BEFORE, _RIGHT_BEHIND = 40, 12
_SURE = frozenset(("IP_ADDRESS", "MAC_ADDRESS", "CRYPTO"))
"""What its form alone tells apart from other numbers."""
_WITHOUT_CONTEXT = frozenset(
    (
        "CRYPTO", "DE_HANDELSREGISTER", "DE_ID_CARD", "DE_PASSPORT", "DE_SOCIAL_SECURITY", "DE_VAT_ID", "ES_NIE", "ES_NIF",
        "FI_PERSONAL_IDENTITY_CODE", "IN_GSTIN", "IN_PAN", "IN_VOTER", "IP_ADDRESS", "IT_FISCAL_CODE", "MAC_ADDRESS",
        "MEDICAL_LICENSE", "SG_NRIC_FIN", "SG_UEN", "UK_DRIVING_LICENCE", "UK_NINO", "US_MBI",
    )
)  # fmt: skip
"""What can count without a word beside it: every other recognizer is asked only where one of its words stands in the text."""
_BARE = re.compile(r"[\d\s./-]+")


@cache
def _recognizers() -> "tuple[PatternRecognizer, ...]":
    from governance.privacy.policy.recognition.presidio_recognizers import (
        of_identifiers,  # a second to import
    )

    return of_identifiers()


@cache
def _of_emails() -> "PatternRecognizer":
    from governance.privacy.policy.recognition.presidio_recognizers import OfflineEmailRecognizer

    return OfflineEmailRecognizer()


@cache
def _patterns(recognizer: "PatternRecognizer") -> tuple["regex.Pattern[str]", ...]:
    """A recognizer's own patterns, as it compiles them."""
    known: Any = recognizer
    return tuple(regex.compile(pattern.regex, known.global_regex_flags) for pattern in known.patterns)


def warm_up_presidio() -> None:
    """Makes every recognizer compile its patterns, and the words that speak for it."""
    for recognizer in (_of_emails(), *_recognizers()):
        recognizer.analyze("a@example.com 1", recognizer.supported_entities, _NOTHING)
        _patterns(recognizer)
        speaks_for("a 1", 2, 3, tuple(recognizer.context or ()) or ("a",))


def public_emails(text: str) -> Iterator[Finding]:
    """E-mail addresses under a domain that exists."""
    recognizer = _of_emails()
    for result in recognizer.analyze(text, recognizer.supported_entities, _NOTHING):
        yield Finding(result.start, result.end, "EMAIL_ADDRESS", result.score, "e-mail addresses")


def is_public_domain(name: str) -> bool:
    """Whether a name ends as public domains do."""
    return bool(_of_emails().validate_result(f"a@{name.lower()}"))


def identifiers(text: str, wanted: frozenset[str] | None = None) -> Iterator[Finding]:
    """Account, tax, passport, licence, insurance and registration numbers, and addresses of machines."""
    found = list(islands(text, least_digits=_MIN_DIGITS))
    if not found:
        return
    joined = "\n".join(stretch for _, stretch in found)
    asked = _asked(text, joined, wanted)
    starts, position = [], 0
    for offset, stretch in found:
        starts.append((position, offset))
        position += len(stretch) + 1
    for recognizer in asked:
        for result in recognizer.analyze(joined, recognizer.supported_entities, _NOTHING):
            start, end = _back(starts, result.start), _back(starts, result.end - 1) + 1
            score = _score(
                text, start, end, result.entity_type, result.score, tuple(recognizer.context or ())
            )
            if score < _MIN_SCORE or "\n" in joined[result.start : result.end]:
                continue
            if _is_meant(text, start, end, result.entity_type):
                yield Finding(start, end, result.entity_type, score, "identifiers")


_ELSEWHERE = frozenset(("US_SSN", "US_DRIVER_LICENSE", "US_BANK_NUMBER"))
"""Whose forms are those of too many other numbers: `labelled` and `social_security` find them."""


def _is_meant(text: str, start: int, end: int, entity: str) -> bool:
    if entity == "IP_ADDRESS":
        return is_ip(text, start, end)
    return entity != "MAC_ADDRESS" or is_mac(text, start, end)


_SHAPES = {
    "IP_ADDRESS": re.compile(r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:|::[0-9A-Fa-f]"),
    "MAC_ADDRESS": re.compile(r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\."),
    "CRYPTO": re.compile(r"[13bc][A-Za-z0-9]{25}"),
    "DE_HANDELSREGISTER": re.compile(r"HR[ABab]"),
}
_WORD = re.compile(r"[^\W_]+")
_MIXED = re.compile(r"[A-Za-z][ -]?\d{2}|\d{4}[ -]?[A-Za-z]")
"""What every other of them has somewhere: letters beside digits."""


@dataclass(frozen=True, slots=True)
class _Triggers:
    """What speaks for asking a recognizer: a shape among the digits, a word of the text, a phrase of it."""

    shapes: "tuple[tuple[re.Pattern[str], PatternRecognizer], ...]"
    words: "dict[str, list[PatternRecognizer]]"
    phrases: "dict[str, list[PatternRecognizer]]"


@lru_cache(maxsize=256)
def _triggers(wanted: frozenset[str] | None) -> _Triggers:
    found = _Triggers((), {}, {})
    shapes: list[tuple[re.Pattern[str], PatternRecognizer]] = []
    for recognizer in _recognizers():
        if wanted is not None and wanted.isdisjoint(recognizer.supported_entities):
            continue
        if not _ELSEWHERE.isdisjoint(recognizer.supported_entities):
            continue
        if own := _WITHOUT_CONTEXT.intersection(recognizer.supported_entities):
            shapes.append((_SHAPES.get(next(iter(own)), _MIXED), recognizer))
        for word in map(str.casefold, recognizer.context or ()):
            if word.isalnum():  # a word of its own, as `speaks_for` wants it, or its plural
                found.words.setdefault(word, []).append(recognizer)
                found.words.setdefault(f"{word}s", []).append(recognizer)
            else:
                found.phrases.setdefault(word, []).append(recognizer)
    return _Triggers(tuple(shapes), found.words, found.phrases)


def _asked(text: str, joined: str, wanted: frozenset[str] | None) -> "list[PatternRecognizer]":
    """The recognizers for which a form or a word in the text speaks, and of which a pattern matches."""
    triggers = _triggers(wanted)
    folded = text.casefold()
    is_shaped = {
        pattern: pattern.search(joined) is not None for pattern in {each for each, _ in triggers.shapes}
    }
    asked = {recognizer: None for pattern, recognizer in triggers.shapes if is_shaped[pattern]}
    for word in triggers.words.keys() & set(_WORD.findall(folded)):
        asked.update(dict.fromkeys(triggers.words[word]))
    for phrase, several in triggers.phrases.items():
        if phrase in folded:
            asked.update(dict.fromkeys(several))
    # Asking takes several times as long as seeing whether there is anything to ask about.
    return [each for each in asked if any(pattern.search(joined) for pattern in _patterns(each))]


def _score(text: str, start: int, end: int, entity: str, score: float, words: tuple[str, ...]) -> float:
    if entity not in _SURE and _BARE.fullmatch(text, start, end):
        # Of digits alone, a word has to say what they are right beside them.
        if not words or not speaks_for(text, start, end, words, before=_RIGHT_BEFORE, after=_RIGHT_BEHIND):
            return 0.0
        score = min(score, 0.3)
    if words and score < 1 and speaks_for(text, start, end, words):
        score = max(min(score + _CONTEXT_BONUS, 1.0), _MIN_SCORE)
    return score


def _back(starts: list[tuple[int, int]], position: int) -> int:
    """The place in the text of a place among the joined stretches."""
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle][0] <= position else (low, middle)
    begin, offset = starts[low]
    return offset + position - begin


_NOTHING: Any = None
"""Pattern recognizers look at the text alone: there is no language model to have artifacts of."""
