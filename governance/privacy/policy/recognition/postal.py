"""PURE: postal codes, and the places beside them."""

import re
from collections.abc import Iterator

import re2

from governance.privacy.policy.recognition.calendar import is_of_calendar
from governance.privacy.policy.recognition.letters import WORD
from governance.privacy.policy.recognition.towns import is_town
from governance.screening.policy.findings import Finding

_UPPER = r"[^\W\d_a-zß-ÿ]"
_PLAIN_WORD = rf"(?:{_UPPER}[\w'’\-]*)"
_AFTER = re.compile(
    rf"\.?[ \t]*(?:,[ \t]*(?:\n[^\w\n]{{0,6}})?|\n[^\w\n]{{0,6}}|[ ])({_PLAIN_WORD}(?:[ \-](?:(?:de|da|do|del|di|la|le|les|sur|am|an der|ob|i|nad|pod|en|of|the|d['’])[ '’]?)?{_PLAIN_WORD}){{0,3}})"
)
_CODE = re.compile(
    r"(?:(?<=\s)|(?<=,)|^)(?:[A-Z]{2}[ \t\u00a0]{1,2})?(\d{5}(?:-\d{3,4})?|\d{2}-\d{3}|\d{4}(?:-\d{3})?|\d{3}[ ]\d{2}|\d{6}|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?=\s*(?:$|[\n,.)!?]|\s(?:after|before|when|by)\b))"
)
_CODE_FIELD = re.compile(
    r"\b(?i:zip|postal|post|postcode|plz|cap|code postal|código postal)[ _]?(?i:code)?(?i:\s(?:is|was))?\s{0,3}[:=#]?\s{0,3}((?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})|\d{3}\s\d{2}\b|\d{3,6}(?:-\d{3,4})?)\b"
)
_STATE_CODE = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\s{1,2}(\d{5}(?:-\d{4})?)\b"
)
_CODE_TOWN = re.compile(
    rf"(?<![\w.,:/$€£#%+\-])(?:(?P<land>A|B|CH|D|DE|E|F|FL|I|L|LI|NL|AT|ES|IT|PT|P)[ \-])?(?P<code>\d{{5}}|\d{{4}}(?:-\d{{3}}|[ ]?[A-Z]{{2}}(?![\w]))?)[ ]{{1,2}}(?P<town>(?:'s-)?{WORD}(?:[ \-](?:(?:am|an der|an|ob|bei|im|in|sur|sous|de|de la|la|les|del|di|do|da|den|der|aan|sul|von|vor der|y)[ \-]){{0,2}}{WORD}){{0,3}})"
)
_STREET_BEFORE = re.compile(
    rf"(?<!\w)(?P<name>{WORD}(?:[ \-](?:(?:der|den|dem|de|la|le|les|du|des|del|della|di|van|von|do|da|dos|das|l['’]|d['’])[ ]?){{0,2}}{WORD}){{0,3}}),?[ ](?P<number>\d{{1,4}}[ ]?[A-Za-z]?(?:[/\-]\d{{1,4}})?)(?:,[ ]?|[ ]|,?[ ]?\n[> \t]{{0,4}})$"
)
"""Any name and a number right before a postal code and its town."""
_MAY_BE_CODE = re2.compile(r"[0-9]{4}(?:[0-9]|-[0-9]{3}| ?[A-Z]{2})? {1,2}(?:'s-)?\p{Lu}")
_YEAR = re.compile(r"(?:1[89]\d\d|20[0-4]\d)")
_BEGINS = re.compile(r"(?:^|[\n,;:(|>\"][ \t]*)$")
NO_PLACE = frozenset(
    ("Apt", "Suite", "The", "I", "You", "My", "He", "She", "They", "There", "Or", "But", "So", "Then", "For", "Email", "E-mail", "Mobile", "Desk", "Office", "Tel", "Fax", "Apt.", "Mr", "Mrs", "Please", "It", "We", "And", "Phone", "Call", "Is", "Can", "Thanks", "How")
)  # fmt: skip
"""Words with a capital behind an address or a verb that are no place's."""


def after_addresses(text: str, found: list[Finding]) -> Iterator[Finding]:
    """The place and the postal code that follow a street."""
    for address in found:
        if (match := _AFTER.match(text, address.end)) is not None and match.group(1).rstrip(
            "."
        ) not in NO_PLACE:
            yield Finding(
                match.start(1),
                match.start(1) + len(match.group(1).rstrip(".")),
                "LOCATION",
                0.5,
                "places after streets",
            )
        for match in _CODE.finditer(text[address.end : address.end + 90]):
            yield Finding(
                address.end + match.start(1), address.end + match.end(1), "ZIP_CODE", 0.5, "postal codes"
            )


def postal_codes(text: str) -> Iterator[Finding]:
    """Postal codes that are named as such, or follow a state of the United States."""
    for pattern in (_CODE_FIELD, _STATE_CODE):
        for match in pattern.finditer(text):
            yield Finding(*match.span(1), "ZIP_CODE", 0.6, "postal codes")


def codes_with_towns(text: str) -> Iterator[Finding]:
    """A postal code and the town that it is of, as in "9490 Vaduz", "D-10115 Berlin", "1012 AB Amsterdam"."""
    if _MAY_BE_CODE.search(text if text.isascii() else text.encode("utf-8", "replace").decode()) is None:
        return
    for match in _CODE_TOWN.finditer(text):
        code, town = match["code"], match["town"]
        known = _known_head(town, digits=5 if len(code) == 5 else 4)
        if not known:
            continue
        if (
            not match["land"]
            and _YEAR.fullmatch(code)
            and not _BEGINS.search(text, max(0, match.start() - 8), match.start())
        ):
            continue  # "in 1990 Basel was"
        end = match.start("town") + len(known)
        street = _STREET_BEFORE.search(text, max(0, match.start() - 70), match.start())
        if street is not None and not any(map(is_of_calendar, street["name"].split())):
            yield Finding(
                street.start("name"), street.end("number"), "STREET_ADDRESS", 0.5, "street addresses"
            )
        yield Finding(match.start(), end, "STREET_ADDRESS", 0.5, "postal codes and towns")
        yield Finding(*match.span("code"), "ZIP_CODE", 0.6, "postal codes and towns")
        yield Finding(match.start("town"), end, "LOCATION", 0.6, "postal codes and towns")


def _known_head(town: str, *, digits: int) -> str:
    """The longest beginning of it that is a town's name."""
    ends = [len(town), *(place.start() for place in reversed(list(re.finditer(r"[ \-]", town))))]
    return next((town[:end] for end in ends if is_town(town[:end], digits=digits)), "")
