"""PURE: tags that callers set (an end user, a feature, a session), as they are kept everywhere: an id as it is, and
what looks like a person's data as one placeholder, which is the same each time.

Tags are short and say whom or what they mean in one or two words, so forms are enough here: the engine that looks
through prose knows names by the sentence they stand in.
"""

import re
from functools import lru_cache
from ipaddress import ip_address
from uuid import UUID

from kernel.placeholders import digest, placeholder

_DIGITS = 12
"""More than a placeholder within a text has: budgets count by it, so no two people may share one."""
_EMAIL = re.compile(r"[^\s@<>]+(?:@|%40)[^\s@<>]+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PHONE = re.compile(r"(?:tel:)?[+(]?\d[\d\s().\-/]{5,}\d", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_SEPARATORS = re.compile(r"[\s.,\\/]+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*", re.UNICODE)
_TWO_CAPITALISED = re.compile(r"[A-ZÀ-Þ][^\W\d_]+[_\-][A-ZÀ-Þ][^\W\d_]+")
_LOGIN = re.compile(r"[^\W\d_]{2,}\.[^\W\d_]{2,}\d{0,4}")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,6}")
_KEPT = re.compile(r"<[A-Z_]+_[0-9a-f]{6,}>")


def personal_kind(tag: str, *, is_person: bool) -> str:
    """What kind of personal data a tag looks like; "" where it is none. With `is_person` names count, too."""
    text = tag.strip()
    if not text or _KEPT.fullmatch(text) or _is_uuid(text):
        return ""
    if _EMAIL.search(text):
        return "EMAIL_ADDRESS"
    if _is_address(text):
        return "IP_ADDRESS"
    if _IBAN.fullmatch(text) and _is_iban(text):
        return "IBAN_CODE"
    digits = re.sub(r"\D", "", text)
    if re.fullmatch(r"[\d \-]{13,23}", text) and 13 <= len(digits) <= 19 and _is_luhn(digits):
        return "CREDIT_CARD"
    if _PHONE.fullmatch(text) and len(digits) >= 7 and digits != text and not _DATE.fullmatch(text):
        return "PHONE_NUMBER"
    return "PERSON" if is_person and _is_name(text) else ""


@lru_cache(maxsize=10_000)
def kept_tag(tag: str, key: bytes, *, is_person: bool = False) -> str:
    """A tag as it is kept under a team's key: as it is, or as a placeholder."""
    kind = personal_kind(tag, is_person=is_person)
    if not kind:
        return tag
    value = " ".join(tag.split()).casefold()
    return placeholder(kind, digest(key, kind, value)[:_DIGITS])


def is_placeholder(text: str) -> bool:
    """Whether it is what a tag is kept as, and not a tag that somebody typed."""
    return _KEPT.fullmatch(text) is not None


def _is_name(text: str) -> bool:
    """Whether it is made of words as names are: “Jane Doe”, “Doe, Jane”, “jane.doe”, “CORP\\jane.doe”, “Jane_Doe”."""
    last = re.split(r"[\\/]", text)[-1]
    if _LOGIN.fullmatch(last) or _TWO_CAPITALISED.fullmatch(text) or _IDEOGRAPHS.fullmatch(text):
        return True
    words = [word for word in _SEPARATORS.split(text) if word]
    return (
        2 <= len(words) <= 5
        and all(_WORD.fullmatch(word) for word in words)
        and sum(len(word) > 1 for word in words) >= 2
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_iban(text: str) -> bool:
    bare = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0
