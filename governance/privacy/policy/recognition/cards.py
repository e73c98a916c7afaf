"""PURE: payment cards, by issuer's range, length and checksum."""

import re
from collections.abc import Iterator

from governance.privacy.policy.recognition.checksums import luhn
from governance.privacy.policy.recognition.context import speaks_for
from governance.screening.policy.findings import Finding

_CANDIDATE = re.compile(r"(?<![\w.-])\d(?:(?:[ \-./_\t]{1,3}|[ ]?\n[> \t]{0,4})?\d){11,18}(?![\w-])")
_GROUPED = re.compile(r"\d{4}(\D{1,6})\d{4}(\D{1,6})\d{4}(\D{1,6})\d{1,7}$|\d{4}\D{1,6}\d{6}\D{1,6}\d{4,5}$")
"""How people write a card's digits apart; other groups are rows of numbers, unless blanks or hyphens alone part them."""
_PLAIN = re.compile(r"\d(?:[ \-]?\d)+$")
_ISSUERS = re.compile(r"(?:4|5[0-8]|6[0-9]|3[0-9]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|1800|2131)")
_WORDS = (
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "maestro",
    "discover",
    "diners",
    "jcb",
    "cc",
    "kreditkarte",
    "carte",
    "tarjeta",
    "carta",
)


def cards(text: str) -> Iterator[Finding]:
    """Numbers of 12 to 19 digits in an issuer's range whose check digit is right."""
    for match in _CANDIDATE.finditer(text):
        if _PLAIN.match(match.group()) is None and _GROUPED.match(match.group()) is None:
            continue
        digits = "".join(filter(str.isdecimal, match.group()))
        if _ISSUERS.match(digits) is None or len(set(digits)) < 2 or not luhn(digits):
            continue
        # One number in ten passes the checksum by chance: only the usual lengths need no word beside them.
        is_usual = len(digits) in (15, 16) or (len(digits) in (13, 14) and " " in match.group())
        if is_usual or speaks_for(text, *match.span(), _WORDS):
            yield Finding(*match.span(), "CREDIT_CARD", 1.0 if is_usual else 0.75, "card numbers")
