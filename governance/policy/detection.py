"""PURE: what was found in a text under some rules, and the steps from a text to it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from governance.policy.findings import Finding
from governance.policy.placeholders import LITERAL, lookalike, may_hold_one, spelling
from governance.policy.recognition import engine, ner
from governance.policy.ruleset import Decision, Hit, RuleSet, hits
from governance.policy.secrets import secrets

LONGEST_SEGMENT = 2000
"""Code points that are looked at at once: it bounds how long the event loop is kept, and what is looked at again when one
paragraph of a long text changes."""
_CUTS = ("\n\n", "\n", ". ", " ")
_AS_WRITTEN = Decision("mask", "", "mask")
_COUNTED = Decision("", "", "log")


@dataclass(frozen=True, slots=True)
class Found:
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


CLEAN = Found()


def segments(text: str) -> Iterator[tuple[int, str]]:
    """The text in stretches of at most LONGEST_SEGMENT, cut where a paragraph, a line, a sentence or a word ends."""
    start = 0
    while len(text) - start > LONGEST_SEGMENT:
        end = next(
            (
                cut + len(mark)
                for mark in _CUTS
                if (cut := text.rfind(mark, start + LONGEST_SEGMENT // 2, start + LONGEST_SEGMENT - 1)) != -1
            ),
            start + LONGEST_SEGMENT,
        )
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def found_by_form(segment: str, rules: RuleSet) -> list[Finding]:
    """What patterns and the admins' own rules find in one segment."""
    found = engine.patterns(segment, rules.patterns) if rules.patterns else []
    found += rules.custom(segment)
    if rules.secrets:
        found += secrets(segment)
    return found


def found_by_name(segment: str, spans: Iterable[ner.Span]) -> list[Finding]:
    """What is read from words in one segment, with the language model's spans."""
    return engine.names(segment, spans)


def found_in_answer(text: str, rules: RuleSet) -> tuple[Hit, ...]:
    """What the rules for the direction to the client say of a stretch of an answer.

    Names are looked for without the language model, which can't be waited for; placeholders are nobody's data.
    """
    found = engine.patterns(text, rules.client_patterns) if rules.client_patterns else []
    found += rules.custom(text)
    if rules.client_names:
        found += engine.names(text, ())
    if rules.secrets:
        found += secrets(text)
    return without_placeholders(text, rules, hits(text, rules.decisions(text, found), "to_client"))


def without_placeholders(text: str, rules: RuleSet, found: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The hits, without what of them is a placeholder."""
    if not found or not may_hold_one(text):
        return found
    spans = [match.span() for match in spelling(rules.entities).finditer(text)]
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


def literals(text: str, rules: RuleSet) -> list[Finding]:
    """What a caller wrote that could be taken for a placeholder."""
    if not may_hold_one(text):
        return []
    return [
        Finding(*match.span(), LITERAL, 1.0, LITERAL) for match in lookalike(rules.entities).finditer(text)
    ]


def concluded(
    text: str,
    rules: RuleSet,
    parts: Sequence[tuple[int, Iterable[Finding]]],
    *,
    read_characters: int = 0,
    is_stored: bool = False,
) -> Found:
    """What the segments' findings, each with its segment's offset, come to for the whole text.

    In a text that was stored, placeholders are placeholders; in any other, a caller's own words.
    """
    moved = [
        Finding(offset + each.start, offset + each.end, each.entity, each.score, each.rule)
        if offset
        else each
        for offset, findings in parts
        for each in findings
    ]
    decided = rules.decisions(text, moved)
    if not is_stored:
        decided += [(finding, _AS_WRITTEN) for finding in literals(text, rules)]
    if not decided:
        return Found(read_characters=read_characters) if read_characters else CLEAN
    counted = hits(text, ((finding, _COUNTED) for finding, _ in decided), "to_log")
    to_model = hits(text, decided, "to_model")
    is_same = all(decision.to_model == decision.to_log for _, decision in decided)
    return Found(
        to_model=to_model,
        to_client=hits(text, decided, "to_client"),
        to_log=to_model if is_same else hits(text, decided, "to_log"),
        counts=tuple(sorted(Counter(hit.entity for hit in counted).items())),
        read_characters=read_characters,
    )
