"""PURE: what was found in a text under some rules, and the steps from a text to it."""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import re2

from governance.privacy.policy.placeholders import LITERAL, ends_of_names, lookalike, spelling
from governance.privacy.policy.recognition import engine, ner
from governance.privacy.policy.ruleset import FindingDecision, Hit, RuleSet, hits
from governance.privacy.policy.whole_texts import custom, found_across, secrets
from governance.screening.policy.findings import Finding

if TYPE_CHECKING:
    import regex

Decided = tuple[Finding, FindingDecision]

MAX_SEGMENT_LENGTH = 800
"""Code points that are looked at at once: it bounds how long the event loop is kept, and what is looked at again when one
paragraph of a long text changes."""
_CUTS = ("\n\n", "\n", ". ", " ")
_MIGHT_BE_PLACEHOLDER = re.compile(r"[A-Za-z0-9](?:\\{0,2}_|[ -])[0-9A-Fa-f]{6}")
_MIGHT_HAVE_PLACEHOLDERS = re2.compile(_MIGHT_BE_PLACEHOLDER.pattern)
"""The same, for the many texts that have none: it takes a fifth of the time."""
_SEAM = 120
"""Characters on each side of a cut that are looked at together."""
_MAX_NAME_LENGTH = 200
_MAX_DIGITS = 80
_AS_WRITTEN = FindingDecision("mask", "", "mask")
_COUNTED = FindingDecision("", "", "log")


@dataclass(frozen=True, slots=True)
class TextHits:
    """What rules say of a text, by direction, and over how many of its characters names were looked for."""

    to_model: tuple[Hit, ...] = ()
    to_client: tuple[Hit, ...] = ()
    to_log: tuple[Hit, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    """Findings by kind, each character counted once."""
    read_characters: int = 0

    @property
    def is_clean(self) -> bool:
        return not self.counts

    @property
    def log_differs(self) -> bool:
        return self.to_log != self.to_model


CLEAN = TextHits()


def beyond(found: TextHits, offset: int) -> TextHits:
    """What was found from a place of a text on, counted from there."""
    to_model, to_client, to_log = (
        tuple(_moved((hit for hit in hits if hit.start >= offset), -offset))
        for hits in (found.to_model, found.to_client, found.to_log)
    )
    counts = Counter(hit.entity for hit in to_model or to_log or to_client)
    return TextHits(to_model, to_client, to_log, tuple(sorted(counts.items())))


def segments(text: str) -> Iterator[tuple[int, str]]:
    """The text in stretches of at most MAX_SEGMENT_LENGTH, cut where a paragraph, a line, a sentence or a word ends."""
    start = 0
    while len(text) - start > MAX_SEGMENT_LENGTH:
        end = next(
            (
                cut + len(mark)
                for mark in _CUTS
                if (cut := text.rfind(mark, start + MAX_SEGMENT_LENGTH // 2, start + MAX_SEGMENT_LENGTH - 1))
                != -1
            ),
            start + MAX_SEGMENT_LENGTH,
        )
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def found_by_form(segment: str, rules: RuleSet) -> list[Finding]:
    """What patterns find in one segment."""
    found = engine.patterns(segment, rules.patterns) if rules.patterns else []
    return found


def found_at_seams(text: str, rules: RuleSet) -> Iterator[tuple[int, list[Finding]]]:
    """What patterns find across the ends of segments, with what to add to its offsets, a step at a time."""
    for cut, _ in segments(text):
        if cut:
            at = max(0, cut - _SEAM)
            found = found_by_form(text[at : cut + _SEAM], rules)
            yield at, [each for each in found if at + each.start < cut < at + each.end]


def found_by_name(segment: str, spans: Iterable[ner.Span] | None) -> list[Finding]:
    """What is read from words in one segment, with the names model's spans, or by rules alone where there are none."""
    return engine.names(segment, spans)


def found_in_answer(text: str, rules: RuleSet) -> tuple[Hit, ...]:
    """What the rules for the direction to the client say of a stretch of an answer.

    Names are looked for without the language model, which can't be waited for; placeholders are nobody's data.
    """
    found = engine.patterns(text, rules.client_patterns) if rules.client_patterns else []
    found += custom(text, rules) if rules.has_custom else []
    if rules.client_names:
        found += engine.names(text, None)
    found += secrets(text, rules)
    return without_placeholders(text, rules, hits(text, rules.decisions(text, found), "to_client"))


def without_placeholders(text: str, rules: RuleSet, found: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The hits, without what of them is a placeholder."""
    if not found or _MIGHT_BE_PLACEHOLDER.search(text) is None:
        return found
    spans = [match.span() for match in spelled(text, rules, spelling(rules.entities))]
    return tuple(
        replace(hit, start=start, end=end)
        for hit in found
        if hit.entity != LITERAL
        for start, end in _outside(hit, spans)
        if any(map(str.isalnum, text[start:end]))
    )


def _outside(hit: Hit, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    position = hit.start
    for start, end in spans:
        if start < hit.end and hit.start < end:
            if position < start:
                yield position, start
            position = end
    if position < hit.end:
        yield position, hit.end


def literals(text: str, rules: RuleSet) -> Iterator[Finding]:
    """What a caller wrote that could be taken for a placeholder."""
    for match in spelled(text, rules, lookalike(rules.entities)):
        yield Finding(*match.span(), LITERAL, 1.0, LITERAL)


def spelled(text: str, rules: RuleSet, pattern: "regex.Pattern[str]") -> Iterator["regex.Match[str]"]:
    """What a pattern takes for placeholders. Only before what may be the end of one is looked for one."""
    if text.isascii() and _MIGHT_HAVE_PLACEHOLDERS.search(text) is None:
        return
    last_words = ends_of_names(rules.entities)
    position = 0
    for end in _MIGHT_BE_PLACEHOLDER.finditer(text):
        if not _word_before(text, end.start() + 1).endswith(last_words):
            continue
        start = max(position, end.start() - _MAX_NAME_LENGTH)
        while start <= end.start():
            match = pattern.search(text, start, min(len(text), end.end() + _MAX_DIGITS))
            if match is None:
                break
            position = start = match.end()
            yield match


def _word_before(text: str, end: int) -> str:
    start = end
    while start > max(0, end - _MAX_NAME_LENGTH) and text[start - 1].isalnum():
        start -= 1
    return text[start:end].casefold()


def looked_through(text: str, rules: RuleSet) -> TextHits:
    """All that is found without the language model, at once."""
    return concluded(text, rules, parts_of(text, rules))


def parts_of(text: str, rules: RuleSet) -> Iterator[tuple[int, list[Finding]]]:
    """What is found in a text without the language model, a step at a time, each with what to add to its offsets."""
    yield 0, secrets(text, rules)
    for offset, segment in segments(text):
        yield offset, found_by_form(segment, rules)
        yield 0, found_across(text, offset, segment, rules)
    yield from found_at_seams(text, rules)


def concluded(
    text: str,
    rules: RuleSet,
    parts: Iterable[tuple[int, Iterable[Finding]]],
    *,
    read_characters: int = 0,
    is_stored: bool = False,
) -> TextHits:
    """`concluding` at once."""
    steps = concluding(text, rules, parts, read_characters=read_characters, is_stored=is_stored)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: TextHits = end.value
            return found


def concluding(
    text: str,
    rules: RuleSet,
    parts: Iterable[tuple[int, Iterable[Finding]]],
    *,
    read_characters: int = 0,
    is_stored: bool = False,
) -> Generator[None, None, TextHits]:
    """What the segments' findings, each with its segment's offset, come to for the whole text, in short steps.

    In a text that was stored, placeholders are placeholders; in any other, a caller's own words.
    """
    decided: list[Decided] = []
    for offset, findings in parts:
        decided += rules.decisions(text, (each.moved(offset) for each in findings))
        yield
    if not is_stored:
        for finding in literals(text, rules):
            decided.append((finding, _AS_WRITTEN))
            yield
    if not decided:
        return TextHits(read_characters=read_characters) if read_characters else CLEAN
    to_model: list[Hit] = []
    to_client: list[Hit] = []
    to_log: list[Hit] = []
    counted: Counter[str] = Counter()
    for cluster in _clusters(decided):
        start, end = cluster[0][0].start, max(finding.end for finding, _ in cluster)
        window = text[start:end]
        near = [(finding.moved(-start), decision) for finding, decision in cluster]
        to_model += _moved(hits(window, near, "to_model"), start)
        to_client += _moved(hits(window, near, "to_client"), start)
        to_log += _moved(hits(window, near, "to_log"), start)
        counted.update(
            hit.entity for hit in hits(window, ((finding, _COUNTED) for finding, _ in near), "to_log")
        )
        yield
    return TextHits(
        to_model=tuple(to_model),
        to_client=tuple(to_client),
        to_log=tuple(to_log),
        counts=tuple(sorted(counted.items())),
        read_characters=read_characters,
    )


def _clusters(decided: list[Decided]) -> Iterator[list[Decided]]:
    """Findings that share characters, directly or by others between them; what is decided of one leaves others as they are."""
    decided.sort(key=lambda each: each[0].start)
    cluster: list[Decided] = []
    end = 0
    for each in decided:
        if cluster and each[0].start >= end:
            yield cluster
            cluster = []
        cluster.append(each)
        end = max(end, each[0].end) if len(cluster) > 1 else each[0].end
    if cluster:
        yield cluster


def _moved(found: Iterable[Hit], offset: int) -> Iterator[Hit]:
    for hit in found:
        yield Hit(hit.start + offset, hit.end + offset, hit.entity, hit.action, hit.score, hit.rule)
