"""PURE: where personal data stands in a text, by Presidio's pattern recognizers, built for a gateway.

Presidio's recognizers are the judges. What is ours is only to ask them seldom: a cheap look at the text rules out
most of them for most texts, and the phone recognizer, which is by far the dearest, sees only the digits it may be about.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import tldextract
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UsSsnRecognizer,
)

from governance.policy.findings import Finding

MINIMUM_SCORE = 0.4
"""Presidio's score from which a hit counts without context: its bare nine digits (0.05) do not, a dashed SSN does."""

REMEMBERED_TEXTS = 8192
_MARGIN = 8  # characters around a candidate phone number that its matcher looks at

_NUMBER = re.compile(r"\d(?:[ \t().\-/\u00a0]{0,3}\d){6,}")
_PHONE = re.compile(
    r"(?<![\w.\-])[+(]{0,2}" + _NUMBER.pattern + r"(?![\w\-])"
)  # not the tail of a name or a version
_IBAN = re.compile(r"[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}")
_IP = re.compile(r"\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:|::[0-9A-Fa-f]")
_DIGIT = re.compile(r"\d")


class _OfflineEmailRecognizer(EmailRecognizer):
    """Presidio's, with the list of top-level domains that the package ships instead of one fetched at run time."""

    _extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        return self._extract(pattern_text).fqdn != ""


_EMAIL_RECOGNIZER = _OfflineEmailRecognizer()
_IBAN_RECOGNIZER = IbanRecognizer()
_IP_RECOGNIZER = IpRecognizer()
_CARD_RECOGNIZER = CreditCardRecognizer()
_SSN_RECOGNIZER = UsSsnRecognizer()
_PHONE_RECOGNIZER = PhoneRecognizer()

_PRECEDENCE = ("EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "PHONE_NUMBER")
_RANK = {entity: rank for rank, entity in enumerate(_PRECEDENCE)}


class Recognizers:
    """Finds personal data, remembering what it found by the text's hash: chat histories repeat themselves."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()

    def warm_up(self) -> None:
        """Makes every recognizer load what it loads at its first use, so that no call waits for it."""
        list(
            _hits(
                "a@example.com +1 415 555 2671 4111111111111111 536-22-1234 DE89370400440532013000 192.0.2.1"
            )
        )

    def find(self, text: str) -> tuple[Finding, ...]:
        """Findings in order, none overlapping another."""
        if "@" not in text and _DIGIT.search(text) is None and "::" not in text:
            return ()
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._remembered.get(key)
        if found is None:
            found = _without_overlaps(_hits(text))
            self._remembered[key] = found
            if len(self._remembered) > REMEMBERED_TEXTS:
                self._remembered.popitem(last=False)
        else:
            self._remembered.move_to_end(key)
        return found


def _hits(text: str) -> Iterator[Finding]:
    if "@" in text:
        yield from _ask(_EMAIL_RECOGNIZER, text)
    if _IBAN.search(text):
        yield from _ask(_IBAN_RECOGNIZER, text)
    if _IP.search(text):
        yield from _ask(_IP_RECOGNIZER, text)
    if _NUMBER.search(text):
        yield from _ask(_CARD_RECOGNIZER, text)
        yield from _ask(_SSN_RECOGNIZER, text)
        for match in _PHONE.finditer(text):
            start, end = max(0, match.start() - _MARGIN), match.end()
            for hit in _ask(_PHONE_RECOGNIZER, text[start : end + _MARGIN]):
                yield Finding(start + hit.start, start + hit.end, hit.entity)


def _ask(recognizer: EntityRecognizer, text: str) -> Iterator[Finding]:
    # Pattern recognizers look at the text alone: there is no language model to have artifacts of.
    artifacts: Any = None
    results: Iterable[RecognizerResult] = recognizer.analyze(text, recognizer.supported_entities, artifacts)
    for result in results:
        if result.score >= MINIMUM_SCORE:
            yield Finding(result.start, result.end, result.entity_type)


def _without_overlaps(hits: Iterable[Finding]) -> tuple[Finding, ...]:
    """Where hits overlap, the more specific entity wins, then the longer one."""
    kept: list[Finding] = []
    for hit in sorted(set(hits), key=lambda hit: (_RANK[hit.entity], hit.start - hit.end, hit.start)):
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return tuple(sorted(kept, key=lambda hit: hit.start))
