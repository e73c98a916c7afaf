"""PURE: telephone numbers, judged by phonenumbers. Digits alone are none: a form that only phones have says it, or a word."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from governance.screening.policy.findings import Finding

_EXTENSION = r"(?:[ ]?(?:x|ext\.?|extension)[ .]?\d{1,6})?"
_CANDIDATE = re.compile(
    r"(?<![\w.,\-/:#$€£=@&?])[+(]{0,2}\d(?:[ \t().\-/]{0,3}\d){5,18}" + _EXTENSION + r"(?![\w@%]|[-.,:/=]\d)"
)
_GLUED = re.compile(
    r"(?<=[,:;=])[+(]{0,2}\d(?:[ \t().\-/]{0,3}\d){5,18}" + _EXTENSION + r"(?![\w@%]|[.,:/=]\d)"
)
"""Behind a word's colon, or a comma of mangled lines, numbers stand without a blank; only a word makes them phones."""
_STRONG = re.compile(
    r"(?i)(?<![^\W_])(?:(?:tele)?phones?|phone ?numbers?|tel|tél|mobil(?:e|es|telefon|nummer|er|ni)?|cell(?:phone|ulare?s?|ular)?|fax(?:nummer)?|whats ?app|sms|signal|telegram|hotline|helpline"
    r"|pager|voicemail|landline|telefon\w*|handy(?:nummer)?|rufnummer|festnetz|durchwahl|t[eé]l[eé]phones?|portable|m[oó]vil(?:es)?|tel[eé]fon[oa]s?|celulare?s?|tel[eé]fone|telem[oó]vel|cellulare"
    r"|telefoon\w*|mobiel|gsm|contact number|fixe|puhelin|telefonnummer|desk|office|answering(?: at)?|messages to|registered|телефон|тел)(?![^\W_])"
)
_WEAK = re.compile(
    r"(?i)(?<![^\W_])(?:call(?:s|ed|ing)?|dial(?:s|led|ling)?|ring|text(?:s|ed)?|reach(?:es|ed|able)?|contact|message|ruf\w*|erreich\w*|anrufen|appele[rz]?|joindre|joignable|llam\w+|contact\w*|chiam\w+|lig(?:ue|ar)|bel(?:len)?|number)"
    r"(?:\s(?:me|us|him|her|them|you|back|today|now|mich|uns|ihn|sie|moi|nous|me|al|mij|ons|my|our|his|the|\w+\s?\w*))?(?:\s(?:back|anytime|directly))?(?:\s(?:at|on|under|via|is|was|using|auf|unter|über|au|sur|al|a|el|en|para|o|op|em))?(?:\s(?:my|the|das|le|el|il|this|o))?[\s:.,]{0,4}$"
)
_MY_NUMBER = re.compile(
    r"(?i)\b(?:my|his|her|our|your|their|mi|su|tu|meine?|seine?|ihre?|mon|ma|son|(?:il )?mio|(?:il )?suo|mijn|(?:o )?meu) (?:\w+ )?(?:number|número|numero|numéro|nummer)\s?(?:is|es|è|est|ist|lautet|é)?[\s:]{0,3}$"
)
_AFTER = re.compile(
    r"(?i)[\s,;:\\(\-]{0,4}(?:\d{0,3}\W{0,3})?(?:\((?:phone|mobile|cell|home|work|tel|fax|office)\)|(?:mobile|fax|office|cell|home|tel|phone|desk|work)(?![^\W_])|(?:is|ist|est|es) (?:my|the|her|his|our|meine?|ma|mon|mi|il mio) (?:\w+ )?(?:number|phone|mobile|nummer|handynummer|numéro|número|numero))"
)
_NOT_WORDS = re.compile(
    r"(?i)(?<![^\W_])(?:cards?|iban|accounts?(?: numbers?)?|konto\w*|invoices?|rechnung\w*|isbn|issn|ean|upc|doi|ssn|social security|passports?|licen[cs]es?|versions?|id|ids|order(?: number)?|orders|bestell\w*|auftrag\w*|ticket|tracking|serial|sku"
    r"|reference|ref|article|artikel\w*|timestamp|epoch|zip|plz|postal|case|invoice no|commande|facture|pedido|factura|ordine|fattura|oib|vat|tax|steuer\w*|score|population)(?![^\W_])[^\n]{0,14}$"
)
_NORTH_AMERICAN = re.compile(
    r"(?:1[ .\-])?\(?([2-9]\d\d)\)?([ .\-]{1,2})([2-9]\d\d)([ .\-])\d{4}(?:[ ]?(?:x|ext\.?|extension)[ .]?\d{1,6})?$"
)
_BRACKETED = re.compile(
    r"(?:\+?\d{1,3}[ ]?)?\(\d{2,5}\)[ \-/]{0,2}\d[\d \-.]{4,14}\d(?:[ ]?(?:x|ext\.?|extension)[ .]?\d{1,6})?$"
)
_NATIONAL = re.compile(r"0[1-9]\d{0,4}(?:[ \-/.]{1,3}\d{1,8}){1,5}$")
_ABROAD = re.compile(r"00[ ]?[1-9]\d{0,2}(?:[ \-/.]?\(?\d{1,8}\)?){1,6}$")
_DATE = re.compile(
    r"\(?(?:(?:1[89]|20)\d\d([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])([-/. ])(?:0?[1-9]|[12]\d|3[01])\2(?:(?:1[89]|20)\d\d|\d\d))(?![-/.]?\d)(?![ ]\d\d(?!\d|:))"
)
_YEARS = re.compile(r"\(?(?:1[0-9]|20)\d\d\s?[-–/.,]\s?(?:(?:1[0-9]|20)\d\d|\d\d)\)?$")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}$")
_DIGIT_BESIDE = re.compile(r"\d[\d.,\-/:]*[ \t]{1,3}$")
_DIGIT_BEHIND = re.compile(r"[ \t]{1,3}[\d(\-]")
REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "BR", "JP", "CN", "IL", "ZA", "CH", "AT", "SE", "NO", "DK", "FI", "PL", "CZ", "HU", "PT", "BE", "IE", "NZ", "MX", "SG", "KR", "TR")  # fmt: skip
_MIN_DIGITS, _MAX_DIGITS = 7, 15


def phones(text: str) -> Iterator[Finding]:
    """Numbers in the form of one country's phones, or with a word beside them that says what they are."""
    for pattern in (_CANDIDATE, _GLUED):
        for match in pattern.finditer(text):
            number = match.group().rstrip(" (.-/\t")
            start, end = match.start(), match.start() + len(number)
            if _is_other(number):
                continue
            is_named = _is_named(text, start, end, number)
            score = 0.75 if is_named else _score(text, start, end, number) if pattern is _CANDIDATE else 0.0
            if score > 0:
                yield Finding(
                    start, end + _closing(text, number, end), "PHONE_NUMBER", score, "phone numbers"
                )


def _closing(text: str, number: str, end: int) -> int:
    return int(number.count("(") > number.count(")") and text[end : end + 1] == ")")


def _is_other(number: str) -> bool:
    digits = sum(map(str.isdecimal, number))
    return (
        not _MIN_DIGITS - 1 <= digits <= _MAX_DIGITS + 6
        or _DATE.match(number) is not None
        or _YEARS.match(number) is not None
        or _IPV4.match(number) is not None
    )


def _is_named(text: str, start: int, end: int, number: str) -> bool:
    before = text[max(0, start - 48) : start]
    if _NOT_WORDS.search(before) is not None:
        return False
    groups = len(re.findall(r"\d+", number))
    digits = sum(map(str.isdecimal, number))
    line = before[before.rfind("\n", 0, max(0, len(before) - 3)) + 1 :]
    strong = next(reversed(list(_STRONG.finditer(line))), None)
    if _is_round(number):
        return False
    if strong is not None and _SENTENCE.search(line, strong.end()) is None and (digits >= 7 or groups > 1):
        between = line[strong.end() :]
        # "office 1234567 items": a word of many uses has to stand right before the number.
        if strong.group().casefold() not in _OF_MANY_USES or len(between) <= 12:
            return not _has_other_number(between)
    if digits < 7:
        return False
    if (_WEAK.search(before) is not None or _MY_NUMBER.search(before) is not None) and (
        groups > 1 or digits >= 9
    ):
        return True
    return groups > 1 and _AFTER.match(text, end) is not None


_OF_MANY_USES = frozenset(
    (
        "desk",
        "office",
        "registered",
        "signal",
        "portable",
        "fixe",
        "telegram",
        "cell",
        "cells",
        "mobile",
        "mobiles",
    )
)
_SENTENCE = re.compile(r"[.!?]\s+[^\W\d_]{2,}")


def _has_other_number(between: str) -> bool:
    """Whether what stands between the word and this number is a number of another kind."""
    return re.search(r"\d[A-Za-z%]|[$€£]\s?\d", between) is not None


def _is_round(number: str) -> bool:
    return number.isdecimal() and number.endswith("0000")


def _score(text: str, start: int, end: int, number: str) -> float:
    """How sure the form alone is."""
    bare = number.lstrip("(")
    if bare.startswith("+"):
        if _is_valid("+" + bare.lstrip("+"), None):
            return 0.9
        return 0.6 if len(re.findall(r"\d+", number)) >= 3 and _is_possible(number) else 0.0
    if _NOT_WORDS.search(text[max(0, start - 48) : start]) is not None:
        return 0.0
    if _is_in_row(text, start, end):
        return 0.0
    if (match := _NORTH_AMERICAN.match(number)) is not None and (number[0] == "(" or match[2] == match[4]):
        return 0.6
    if _BRACKETED.match(number) and sum(map(str.isdecimal, number)) >= 8:
        return 0.6 if number[1] == "0" or any(_is_valid(number, region) for region in REGIONS) else 0.0
    if _ABROAD.match(number) and _is_possible(number):
        return 0.8
    if _NATIONAL.match(number) and not _counts_up(number):
        digits = sum(map(str.isdecimal, number))
        if 9 <= digits <= 12 and any(_is_valid(number, region) for region in REGIONS):
            return 0.6
    return 0.0


def _is_in_row(text: str, start: int, end: int) -> bool:
    """Whether other numbers stand right beside it, as in a table of figures."""
    return (
        _DIGIT_BESIDE.search(text, max(0, start - 12), start) is not None
        or _DIGIT_BEHIND.match(text, end) is not None
    )


def _counts_up(number: str) -> bool:
    """01 02 03 04 05: a row of days or months."""
    groups = [int(group) for group in re.findall(r"\d+", number)]
    return len(groups) >= 3 and len({after - before for before, after in pairwise(groups)}) == 1


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
def _is_valid(number: str, region: str | None) -> bool:
    if region is not None and sum(map(str.isdecimal, number.split("x")[0])) not in _lengths(region):
        return False
    try:
        return bool(_library().is_valid_number(_library().parse(number, region)))
    except _library().NumberParseException:
        return False


def _is_possible(number: str) -> bool:
    try:
        return bool(_library().is_possible_number(_library().parse("+" + number.lstrip("(+0"), None)))
    except _library().NumberParseException:
        return False
