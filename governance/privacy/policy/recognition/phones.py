"""PURE: telephone numbers, judged by phonenumbers, of candidates that look like one."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from governance.privacy.policy.recognition.context import speaks_for
from governance.screening.policy.findings import Finding

_EXTENSION = r"(?:[ ]?(?:x|ext\.?|extension)[ .]?\d{1,6})?"
_CANDIDATE = re.compile(
    r"(?<![\w.,\-/:#$€£=@&?])[+(]{0,2}\d(?:[ \t().\-/\u00a0]{0,3}\d){5,16}"
    + _EXTENSION
    + r"(?![\w@]|[-.,:/]\d)"
)
_WORDS = ("phone", "tel", "telephone", "mobile", "cell", "call", "fax", "contact", "message", "answer", "registered", "desk", "work", "home", "dial", "whatsapp", "sms", "text me", "reach", "ring", "number is", "office", "hotline", "telefon", "handy", "móvil", "teléfono", "téléphone", "cellulare", "telefone")  # fmt: skip
_NOT_WORDS = ("card", "iban", "account number", "invoice", "isbn", "ssn", "social security", "passport", "licence", "license", "version", "id")  # fmt: skip
_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})$")
_GROUPED = re.compile(r"\d{1,3}(?:[ .]\d{3})+$|\d{4}[-–/ ]\d{4}$")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}$")
REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "BR", "JP", "CN", "IL", "ZA", "CH", "AT", "SE", "NO", "DK", "FI", "PL", "CZ", "HU", "PT", "BE", "IE", "NZ", "MX", "SG", "KR", "TR")  # fmt: skip
_MIN_DIGITS, _MAX_DIGITS = 7, 15


def phones(text: str) -> Iterator[Finding]:
    """Numbers valid somewhere and written as people write them, or with a word beside them that says what they are."""
    for match in _CANDIDATE.finditer(text):
        number = match.group().rstrip(" (.-/")
        start, end = match.start(), match.start() + len(number)
        digits = sum(map(str.isdecimal, number))
        if not _MIN_DIGITS <= digits <= _MAX_DIGITS + 6 or _DATE.match(number) or _IPV4.match(number):
            continue
        if (score := _score(text, start, end, number)) > 0:
            yield Finding(start, end, "PHONE_NUMBER", score, "phone numbers")


def _score(text: str, start: int, end: int, number: str) -> float:
    if speaks_for(text, start, end, _NOT_WORDS, after=0) and not number.startswith("+"):
        return 0.0
    is_named = speaks_for(text, start, end, _WORDS)
    if number.startswith(("+", "(+", "00")):
        return 0.9 if _is_possible(number, None) or is_named else 0.4
    if _GROUPED.match(number) and not is_named:
        return 0.0  # a large number, or two years
    groups = len(re.findall(r"\d+", number))
    if is_named:
        return 0.75
    if groups >= 2 and number[0] in "(0":
        return 0.6 if any(_is_valid(number, region) for region in REGIONS) else 0.0
    if groups >= 3:
        return 0.5 if any(_is_valid(number, region) for region in REGIONS) else 0.0
    return 0.4 if groups == 1 and len(number) >= 10 and _is_valid(number, "US") and number[0] != "1" else 0.0


@cache
def _library() -> Any:
    """phonenumbers, loaded with the first candidate."""
    import phonenumbers

    return phonenumbers


@lru_cache(maxsize=256)
def _lengths(region: str) -> frozenset[int]:
    metadata = _library().PhoneMetadata.metadata_for_region(region)
    general = metadata.general_desc if metadata is not None else None
    lengths = general.possible_length if general is not None else ()
    return frozenset(lengths) | {
        length + 1 for length in lengths
    }  # with the prefix of calls within the country


@lru_cache(maxsize=8192)
def _is_valid(number: str, region: str) -> bool:
    if sum(map(str.isdecimal, number.split("x")[0])) not in _lengths(region):
        return False
    try:
        return bool(_library().is_valid_number(_library().parse(number, region)))
    except _library().NumberParseException:
        return False


def _is_possible(number: str, region: str | None) -> bool:
    try:
        return bool(_library().is_possible_number(_library().parse("+" + number.lstrip("(+0"), region)))
    except _library().NumberParseException:
        return False
