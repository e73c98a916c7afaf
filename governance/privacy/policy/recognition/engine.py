"""PURE: every recognizer over one text. Findings are as found: they may overlap, and no policy has chosen among them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter

from governance.privacy.policy.recognition import ner
from governance.privacy.policy.recognition.addresses import addresses, is_said, may_have_addresses
from governance.privacy.policy.recognition.cards import cards
from governance.privacy.policy.recognition.dates import ages, dates
from governance.privacy.policy.recognition.emails import emails
from governance.privacy.policy.recognition.folding import fold_letters
from governance.privacy.policy.recognition.ibans import ibans
from governance.privacy.policy.recognition.labelled import ENTITIES as LABELLED_ENTITIES
from governance.privacy.policy.recognition.labelled import labelled
from governance.privacy.policy.recognition.nationalities import nationalities
from governance.privacy.policy.recognition.organisations import is_abbreviation, organisations
from governance.privacy.policy.recognition.people import NOT_NAMES, introduced_names, known_names, titles
from governance.privacy.policy.recognition.phones import phones
from governance.privacy.policy.recognition.places import countries
from governance.privacy.policy.recognition.postal import after_addresses, codes_with_towns, postal_codes
from governance.privacy.policy.recognition.presidio import ENTITIES as IDENTIFIER_ENTITIES
from governance.privacy.policy.recognition.presidio import identifiers
from governance.privacy.policy.recognition.presidio import warm_up_presidio as warm_up_identifiers
from governance.privacy.policy.recognition.social_security import social_security_numbers
from governance.privacy.policy.recognition.sureness import SURE, with_sureness
from governance.privacy.policy.recognition.urls import urls
from governance.privacy.policy.recognition.views import View, view_of
from governance.screening.policy.findings import Finding

Recognize = Callable[[str], Iterable[Finding]]

LANGUAGE_ENTITIES = ("PERSON", "LOCATION", "ORGANIZATION", "NRP")
"""What is read from words: with patterns alone nothing of these is found."""


def _places(text: str) -> Iterator[Finding]:
    yield from codes_with_towns(text)
    if not may_have_addresses(text):
        return
    shown = ner.as_read(text)
    streets = addresses(shown)
    if not any(map(str.isupper, text)):  # every word was made a name's
        streets = [street for street in streets if is_said(text, street)]
        shown = text
    yield from streets
    yield from after_addresses(shown, streets)


_WITH_DIGITS: tuple[tuple[frozenset[str], Recognize], ...] = (
    (frozenset(("CREDIT_CARD",)), cards),
    (frozenset(("IBAN_CODE",)), ibans),
    (frozenset(("PHONE_NUMBER",)), phones),
    (frozenset(("US_SSN",)), social_security_numbers),
    (frozenset(LABELLED_ENTITIES), labelled),
    (frozenset(("AGE",)), ages),
    (frozenset(("ZIP_CODE",)), postal_codes),
    (frozenset(("STREET_ADDRESS", "ZIP_CODE", "LOCATION")), _places),
    (frozenset(IDENTIFIER_ENTITIES), identifiers),
)
_WITHOUT_DIGITS: tuple[tuple[frozenset[str], Recognize], ...] = (
    (frozenset(("EMAIL_ADDRESS",)), emails),
    (frozenset(("URL",)), urls),
    (frozenset(("DATE_TIME",)), dates),
    (frozenset(("TITLE",)), titles),
)
RECOGNIZERS = (*_WITH_DIGITS, *_WITHOUT_DIGITS)
PATTERN_ENTITIES = tuple(sorted(frozenset[str]().union(*(found for found, _ in RECOGNIZERS))))
"""What has a form of its own."""

_DIGIT = re.compile(r"\d")
_PART = re.compile(r"[^\W\d_]{3,}")
_PROPAGATED = frozenset(("PERSON", "ORGANIZATION"))
_MAX_PROPAGATED = 64


def patterns(text: str, wanted: frozenset[str] | None = None) -> list[Finding]:
    """What has a form of its own: numbers, addresses, dates, in whatever spelling. Of the `wanted` entities, or of all."""
    if (view := view_of(text)) is None:
        return _plain_patterns(text, wanted)
    return back(view, _plain_patterns(view.text, wanted))


def back(view: View, found: Iterable[Finding]) -> list[Finding]:
    """What was found in a view of a text, in the text."""
    return [placed for each in found if (placed := view.back(each)) is not None]


def _plain_patterns(text: str, wanted: frozenset[str] | None) -> list[Finding]:
    recognizers = _WITHOUT_DIGITS
    if _DIGIT.search(text) is not None:
        recognizers += _WITH_DIGITS
    return [
        finding
        for found, recognize in recognizers
        if wanted is None or not wanted.isdisjoint(found)
        for finding in (identifiers(text, wanted) if recognize is identifiers else recognize(text))
    ]


def names(text: str, spans: Iterable[ner.Span] | None) -> list[Finding]:
    """What is read from words: people, places, organisations. `spans` are the names model's, of `ner.as_read(text)`; None where it
    was not asked, or does not know the language: then rules stand alone."""
    shown = ner.as_read(text)
    view = None if text.isascii() else view_of(text)
    known = [*known_names(shown), *(back(view, known_names(view.text)) if view is not None else ())]
    firms, lands = list(organisations(shown)), list(countries(shown))
    if spans is None:
        people = [name for name in known if not any(land.overlaps(name) for land in lands)]
        found = [*lands, *firms, *people]
    else:
        read = [each for each in ner.findings_of(text, spans) if not any(map(partial(_is_part, each), firms))]
        found = [*firms, *read, *_beside_model(shown, [*lands, *known], [*firms, *read])]
    found += introduced_names(shown)
    found += nationalities(text)
    if view is not None:
        found += back(view, introduced_names(view.text))
    found = [
        each
        for each in ner.without_ordinary(text, found)
        if each.entity != "ORGANIZATION" or not is_abbreviation(text[each.start : each.end])
    ]
    found = list(with_sureness(text, found))
    return [*found, *_repeated(text, found)]


def _is_part(each: Finding, firm: Finding) -> bool:
    """Whether a name is a part of an organisation's, as Springfield is of the Bank of Springfield."""
    return firm.score >= 0.6 and firm.start <= each.start and each.end <= firm.end


def _beside_model(shown: str, guessed: Iterable[Finding], found: Sequence[Finding]) -> Iterator[Finding]:
    """What lists add to a model that knows given names and countries, too, and sees them in their sentence: names of several words
    and countries where nothing was found."""
    for each in guessed:
        is_single = each.entity == "PERSON" and " " not in shown[each.start : each.end].strip()
        if not is_single and not any(each.overlaps(other) for other in found):
            yield each


def warm_up() -> None:
    """Makes everything load what it loads at its first use, so that no call waits for it."""
    text = "Dr. Jane Roe, born 1 May 1990, a@example.com +1 415 555 2671 4111111111111111 536-22-1234 tax 12 Main St, Oslo 0150"
    warm_up_identifiers()
    patterns(text)
    names(text, None)


def _repeated(text: str, found: Sequence[Finding]) -> list[Finding]:
    """Other places where a name stands that was found once: a model that sees it in a sentence sees it in a list, too."""
    parts: dict[str, tuple[str, float]] = {}
    for each in found:
        if each.entity in _PROPAGATED and each.score >= 0.5:
            whole = text[each.start : each.end]
            words = [whole, *(_PART.findall(whole) if each.entity == "PERSON" else ())]
            score = 0.8 if each.entity == "PERSON" and each.score >= SURE else 0.5
            for word in words:
                if len(word) >= 4 and word[0].isupper() and fold_letters(word) not in NOT_NAMES:
                    parts[word] = max(
                        parts.get(word, (each.entity, 0.0)), (each.entity, score), key=itemgetter(1)
                    )
    if not parts or len(parts) > _MAX_PROPAGATED:
        return []
    longest_first = sorted(parts, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    return [
        Finding(*match.span(), *parts[match.group()], "repeated names") for match in pattern.finditer(text)
    ]
