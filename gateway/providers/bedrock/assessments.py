"""PURE: what Bedrock Guardrails is sent, and what its assessments say of where in the texts. Source: ApplyGuardrail in
the Amazon Bedrock API reference, and its quotas: a text unit has up to 1,000 characters."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from governance.privacy.policy.engines import GUARDRAIL, EngineBlock
from governance.screening.policy.findings import Finding

RULE = GUARDRAIL
TEXT_UNIT = 1_000
MAX_UNITS = 25
"""Of one request. The smallest quota that any region has for a kind of policy, in a second."""
OVERLAP = 200
"""Characters that two pieces of a long text share, so that what stands where it was cut is seen whole in one."""

ENTITIES = {
    "ADDRESS": "STREET_ADDRESS",
    "CREDIT_DEBIT_CARD_NUMBER": "CREDIT_CARD",
    "EMAIL": "EMAIL_ADDRESS",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": "IBAN_CODE",
    "NAME": "PERSON",
    "PHONE": "PHONE_NUMBER",
    "US_SOCIAL_SECURITY_NUMBER": "US_SSN",
}
"""Bedrock's names of what we have a name for; others keep theirs."""

_SPACE = re.compile(r"\s")
_WORD = re.compile(r"[A-Za-z0-9\u00c0-\u024f]{2}")
_NO_NAME = re.compile(r"[^A-Z0-9]+")


class _Hit(msgspec.Struct):
    """One entry of an assessment; which members it has depends on its policy."""

    match: str | None = None
    type: str | None = None
    name: str | None = None
    action: str = "NONE"
    detected: bool | None = None

    @property
    def counts(self) -> bool:
        return self.detected is not False

    @property
    def blocks(self) -> bool:
        return self.action == "BLOCKED"


class _Policy(msgspec.Struct, rename="camel"):
    """A policy's part of an assessment: the lists of all policies, of which one has some."""

    pii_entities: list[_Hit] = []
    regexes: list[_Hit] = []
    topics: list[_Hit] = []
    filters: list[_Hit] = []
    custom_words: list[_Hit] = []
    managed_word_lists: list[_Hit] = []


class _Assessment(msgspec.Struct, rename="camel"):
    sensitive_information_policy: _Policy | None = None
    topic_policy: _Policy | None = None
    content_policy: _Policy | None = None
    word_policy: _Policy | None = None
    contextual_grounding_policy: _Policy | None = None


class GuardrailAnswer(msgspec.Struct, rename="camel"):
    """An answer of ApplyGuardrail, as far as it is read."""

    action: str
    assessments: list[_Assessment] = []
    usage: dict[str, int] = {}

    @property
    def matches(self) -> list[tuple[str, str]]:
        """What was found, word for word, and our name of its entity."""
        found = []
        for assessment in self.assessments:
            policy = assessment.sensitive_information_policy or _Policy()
            found += [(hit.match or "", _entity(hit)) for hit in policy.pii_entities if hit.counts]
            found += [(hit.match or "", _regex(hit)) for hit in policy.regexes if hit.counts]
        return found

    @property
    def blocks(self) -> list[EngineBlock]:
        """Why the guardrail would not let the texts pass, if so."""
        found = [block for assessment in self.assessments for block in _blocks(assessment)]
        if self.action == "GUARDRAIL_INTERVENED" and not found and not self.matches:
            return [
                EngineBlock("guardrail", "unknown")
            ]  # by a policy that is newer than this: not to be lost
        return found

    @property
    def billed(self) -> Counter[str]:
        return Counter({name: number for name, number in self.usage.items() if number})


def body_of(texts: Iterable[str], source: str) -> bytes:
    """The body of a request. All that was detected is asked for: our own policies say what to do about it."""
    content = [{"text": {"text": _sendable(text)}} for text in texts]
    return msgspec.json.encode({"source": source, "content": content, "outputScope": "FULL"})


def requests(texts: Iterable[str]) -> list[list[str]]:
    """The texts, long ones in pieces that overlap, as so many requests as they take. What is blank is not sent."""
    found: list[list[str]] = []
    room = 0
    for text in dict.fromkeys(texts):
        for piece in guardrail_pieces(text):
            units = -(-len(piece) // TEXT_UNIT)
            if units > room:
                found.append([])
                room = MAX_UNITS
            found[-1].append(piece)
            room -= units
    return found


def guardrail_pieces(text: str, most: int = MAX_UNITS * TEXT_UNIT) -> Iterator[str]:
    """A text in pieces of so many characters at most, cut at white space where there is some."""
    start = 0
    while len(text) - start > most:
        end = _cut(text, start + most // 2, start + most)
        if text[start:end].strip():
            yield text[start:end]
        start = _cut(text, end - OVERLAP, end - OVERLAP // 2)
    if text[start:].strip():
        yield text[start:]


def _cut(text: str, low: int, high: int) -> int:
    """The last place up to `high` that follows white space, but not before `low`; else `high` itself."""
    for place in range(high, low, -1):
        if _SPACE.match(text[place - 1]):
            return place
    return high


def locate(texts: Sequence[str], matches: Iterable[tuple[str, str]]) -> list[tuple[Finding, ...]]:
    """Everywhere in the texts that a match stands: in order, and where two overlap, the longer.

    Not within words and numbers, unless it stands nowhere else: an age of 42 is not in 1942. ValueError, which names the
    entity, for a match that is nowhere, and so could not be protected.
    """
    sent = [_sendable(text) for text in texts]
    spans: list[list[tuple[int, int, str]]] = [[] for _ in texts]
    for match, entity in dict.fromkeys(matches):
        places = [(n, *place) for n, text in enumerate(sent) for place in _places(text, match)]
        if not places:
            raise ValueError(entity)
        whole = [(n, start, end) for n, start, end in places if not _is_part(sent[n], start, end)]
        for n, start, end in whole or places:
            spans[n].append((start, end, entity))
    return [_without_overlaps(len(text), found) for text, found in zip(texts, spans, strict=True)]


def _places(text: str, match: str) -> Iterator[tuple[int, int]]:
    """Where a match stands, occurrences not overlapping one another; white space may have been made one blank."""
    if words := match.split():
        pattern = re.escape(match) if match in text else r"\s+".join(map(re.escape, words))
        for hit in re.finditer(pattern, text):
            yield hit.span()


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether a place begins or ends within a word or number, of scripts that part words by spaces."""
    before, after = text[max(0, start - 1) : start + 1], text[end - 1 : end + 1]
    return _WORD.fullmatch(before) is not None or _WORD.fullmatch(after) is not None


def _without_overlaps(length: int, spans: Iterable[tuple[int, int, str]]) -> tuple[Finding, ...]:
    taken = bytearray(length)
    kept = []
    for start, end, entity in sorted(set(spans), key=lambda span: (span[0] - span[1], span)):
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(Finding(start, end, entity, rule=RULE))
    return tuple(sorted(kept, key=lambda finding: finding.start))


def _blocks(assessment: _Assessment) -> Iterator[EngineBlock]:
    for kind, policy in (
        ("topic", assessment.topic_policy),
        ("content", assessment.content_policy),
        ("word", assessment.word_policy),
        ("grounding", assessment.contextual_grounding_policy),
        ("personal_data", assessment.sensitive_information_policy),
    ):
        if policy is None:
            continue
        for hit in policy.topics + policy.filters:
            if hit.blocks:
                yield EngineBlock(kind, hit.name or hit.type or "")
        if any(hit.blocks for hit in policy.custom_words):
            yield EngineBlock(kind, "custom")  # the word itself is the caller's text
        for name in dict.fromkeys(hit.type or "" for hit in policy.managed_word_lists if hit.blocks):
            yield EngineBlock(kind, name)
        hits = [(hit, _entity(hit)) for hit in policy.pii_entities]
        hits += [(hit, _regex(hit)) for hit in policy.regexes]
        for name in dict.fromkeys(entity for hit, entity in hits if hit.blocks):
            yield EngineBlock(kind, name)


def _entity(hit: _Hit) -> str:
    name = hit.type or "UNKNOWN"
    return ENTITIES.get(name, name)


def _regex(hit: _Hit) -> str:
    """The name of a guardrail's own pattern, as entities are named."""
    return _NO_NAME.sub("_", (hit.name or "").upper()).strip("_") or "REGEX"


def _sendable(text: str) -> str:
    """The text without halves of characters, which JSON in UTF-8 can't carry; as long as it was."""
    return text.encode("utf-8", "replace").decode("utf-8")
