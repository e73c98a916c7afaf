"""PURE: tags that callers set (an end user, a feature, a session), as they are kept everywhere: an id as it is, and
what looks like a person's data as one placeholder, which is the same each time.

Tags are short and say whom or what they mean in one or two words, so forms are enough here: the engine that looks
through prose knows names by the sentence they stand in.
"""

import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote
from uuid import UUID

from kernel.placeholders import digest, placeholder

_DIGITS = 12
"""More than a placeholder within a text has: budgets count by it, so no two people may share one."""
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PHONE = re.compile(r"(?:(?:tel|sms|phone|whatsapp):)?[+(]?\d[\d\s().\-/]{5,}\d", re.IGNORECASE)
_PHONE_WITHIN = re.compile(r"(?<![\w.\-/])[+(]?\d[\d\s().\-/]{5,}\d(?![\w\-])")
_ADDRESS_WITHIN = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?![\w.\-])")
_PORT = re.compile(r"\[([0-9a-f:.]+)\](?::\d+)?|([\d.]+):\d+", re.IGNORECASE)
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_SEPARATORS = re.compile(r"[\s.,\\/]+")
_PARTS = re.compile(r"[|;:=<>()\[\]{}&?#,]+")
"""What stands between a name and what else is said: `auth0|jane.doe`, `uid=jane.doe,ou=people`."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)+)"?')
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*", re.UNICODE)
_TWO_CAPITALISED = re.compile(r"[A-ZÀ-Þ][^\W\d_]+[_\-][A-ZÀ-Þ][^\W\d_]+")
_LOGIN = re.compile(r"[^\W\d_]+\.[^\W\d_]{2,}\d{0,4}")
_KEPT = re.compile(r"<[A-Z_]+_[0-9a-f]{6,}>")
_CARD_BEGINS = "3456"


def personal_kind(tag: str, *, is_person: bool) -> str:
    """What kind of personal data a tag looks like; "" where it is none. With `is_person` names count, too."""
    text = _plain(tag)
    if not text or _KEPT.fullmatch(text) or _is_uuid(text):
        return ""
    if _EMAIL.search(text):
        return "EMAIL_ADDRESS"
    if _is_address(text) or (is_person and any(map(_is_address, _ADDRESS_WITHIN.findall(text)))):
        return "IP_ADDRESS"
    if _IBAN.fullmatch(text.upper()) and _is_iban(text.upper()):
        return "IBAN_CODE"
    if _is_card(text):
        return "CREDIT_CARD"
    if _is_phone(text, is_person=is_person):
        return "PHONE_NUMBER"
    if text[0] in "{[" and (kind := _kind_within(text, is_person=is_person)):
        return kind
    return "PERSON" if is_person and _is_name(text) else ""


@lru_cache(maxsize=10_000)
def kept_tag(tag: str, key: bytes, *, is_person: bool = False) -> str:
    """A tag as it is kept under a team's key: as it is, or as a placeholder."""
    kind = personal_kind(tag, is_person=is_person)
    if not kind:
        return tag
    value = " ".join(_plain(tag).split()).casefold()
    return placeholder(kind, digest(key, kind, value)[:_DIGITS])


def is_placeholder(text: str) -> bool:
    """Whether it is what a tag is kept as, and not a tag that somebody typed."""
    return _KEPT.fullmatch(text) is not None


def unkeyed_tag(tag: str, *, is_person: bool = False) -> str:
    """The same where there is no team, and so no key: what looks personal is not told apart."""
    kind = personal_kind(tag, is_person=is_person)
    return f"<{kind}>" if kind else tag


def _plain(tag: str) -> str:
    """A tag by its signs alone, however they were written: escaped, composed, wide, or with signs that nobody sees."""
    if tag.isascii() and "%" not in tag:
        return tag.strip()
    text = unicodedata.normalize("NFKC", unquote(tag))
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()


def _kind_within(text: str, *, is_person: bool) -> str:
    """Of the texts within a JSON document, be it cut short, the first kind that there is."""
    values = (
        value.encode().decode("unicode_escape", "replace") if "\\u" in value else value
        for value in _QUOTED.findall(text)
    )
    return next((kind for value in values if (kind := personal_kind(value, is_person=is_person))), "")


def _is_name(text: str) -> bool:
    """Whether it has words as names are: “Jane Doe”, “Doe, Jane (2)”, “j.doe”, “CORP\\jane.doe”, “Jane_Doe”, “Zoë”.

    Ids are made of ASCII's letters: what has others is taken for a name.
    """
    if any(sign.isalpha() and not sign.isascii() for sign in text):
        return True
    for part in _PARTS.split(text):
        if _LOGIN.fullmatch(re.split(r"[\\/]", part)[-1].strip()):
            return True
    if _TWO_CAPITALISED.fullmatch(text):
        return True
    words = [word for word in _SEPARATORS.split(_PARTS.sub(" ", text) if " " in text else text) if word]
    alone = [word for word in words if _WORD.fullmatch(word)]
    if " " not in text and len(alone) < len(words):
        return False
    return sum(len(word) > 1 for word in alone) >= 2


def _is_phone(text: str, *, is_person: bool) -> bool:
    found = _PHONE_WITHIN.findall(text) if is_person else []
    if _PHONE.fullmatch(text):
        found.append(text)
    for each in found:
        digits = re.sub(r"\D", "", each)
        if len(digits) >= 7 and digits != each and not _DATE.match(each):
            return True
    return False


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if not re.fullmatch(r"[\d \-]{13,23}", text) or not 13 <= len(digits) <= 19 or not _is_luhn(digits):
        return False
    # A long number is an id more often than not.
    return digits != text or (len(digits) in (15, 16) and digits[0] in _CARD_BEGINS)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    """Whether it is an address of the internet, be it with a port."""
    if (match := _PORT.fullmatch(text)) is not None:
        text = match[1] or match[2]
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
