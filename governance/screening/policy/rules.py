"""PURE: rules of screening: what attacks say, in words and shapes, each with a weight and a reason for people."""

from collections.abc import Iterator
from dataclasses import dataclass

import re2

from governance.screening.policy.gibberish import meaningless_tail
from governance.screening.policy.patterns import (
    DECODED,
    GUARDED,
    OUT_OF_PLACE,
    PATTERNS,
    RAW,
    RESERVED,
    SIGNALS,
)
from governance.screening.policy.tables import request_in_table

USER = "user"
DOCUMENT = "document"
TOOL = "tool"
ORDERS_FROM = 0.4
"""The weight from which a rule that holds for a decoded text means that it gives orders."""
MAX_MEMORY_BYTES = 32 << 20
"""Bytes that the states of one automaton may take; beyond, it starts anew, and goes on slower."""
ROLES = (USER, DOCUMENT, TOOL)


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """`weight` is how likely a hit alone is an attack, in what a user writes and in what documents and tools bring."""

    name: str
    reason: str
    weight: float
    weight_in_material: float

    def weight_for(self, role: str) -> float:
        """The weight where the text comes from such a source."""
        return self.weight if role == USER else self.weight_in_material


RULES = {
    name: ScreeningRule(name, reason, user, material) for name, (reason, user, material) in SIGNALS.items()
}
NAMES = tuple(RULES)
GIBBERISH, HARM, HARM_IN_STORY = "gibberish", "harm", "harm_in_story"
WRAPPINGS = frozenset(
    {"fiction", "role_change", "forced_opening", "no_refusal", "false_authority", "pressure"}
)
ORDERS = frozenset({"addressed", "override"})
NEED_ORDER = frozenset(
    {
        "forget", "new_task", "role_change", "no_rules", "no_refusal", "two_answers", "forced_opening", "prompt_extraction", "bare_extraction",
        "secret_request", "private_data", "false_authority", "role_lines", "dialogue", "fake_end", "image_exfiltration", "send_out", "say_exactly",
        "smuggling", "decode_and_do", "pressure", "hidden_markup",
    }
)  # fmt: skip
"""Rules that ordinary documents keep, too: there they count only beside an order to whoever answers."""
OF_WHOLE = frozenset({DECODED, GIBBERISH, OUT_OF_PLACE, RESERVED, GUARDED, *(name for name, _ in RAW)})
"""Rules that look at the raw text or at what was decoded, and hold for the text as a whole."""


class _Patterns:
    """Patterns matched all at once. Several small automata hold far fewer states than one of all patterns."""

    def __init__(self, patterns: list[tuple[str, str]], *, parts: int) -> None:
        self._parts = []
        for part in range(parts):
            named = patterns[part * len(patterns) // parts : (part + 1) * len(patterns) // parts]
            options = re2.Options()
            options.max_mem = MAX_MEMORY_BYTES
            automaton = re2.Set.SearchSet(options)
            for _, pattern in named:
                automaton.Add(pattern)
            automaton.Compile()
            self._parts.append((automaton, [name for name, _ in named]))

    def names(self, text: str, among: frozenset[str] | None = None) -> set[str]:
        """Names of the patterns that occur in a text without lone surrogates; others than `among` need not be there."""
        data = text.encode()
        return {
            names[index]
            for automaton, names in self._parts
            if among is None or not among.isdisjoint(names)
            for index in automaton.Match(data) or ()
        }


_CLEAN = _Patterns(PATTERNS, parts=6)
_RAW = _Patterns(RAW, parts=1)


def matching_rules(*, clean: str, raw: str) -> tuple[ScreeningRule, ...]:
    """Rules that hold for a text: most look at its clean form, those on letter case and marks at the raw one."""
    names = _CLEAN.names(clean)
    if raw:
        names |= _RAW.names(_encodable(raw))
        if meaningless_tail(raw):
            names.add(GIBBERISH)
        if request_in_table(raw):
            names.add(OUT_OF_PLACE)
    if HARM in names and names & WRAPPINGS:
        names.add(HARM_IN_STORY)
    return tuple(rule for name, rule in RULES.items() if name in names)


def grow(text: str) -> None:
    """Lets the automata make the states that such a text needs, so that the first that is screened finds them there."""
    _CLEAN.names(text.casefold())
    _RAW.names(text)


def that_count(rules: tuple[ScreeningRule, ...], role: str) -> tuple[ScreeningRule, ...]:
    """Of rules that hold for a text from such a source, those whose weights count."""
    if role == USER or any(rule.name in ORDERS for rule in rules):
        return rules
    return tuple(rule for rule in rules if rule.name not in NEED_ORDER)


def hold_within(rules: tuple[ScreeningRule, ...], *, clean: str) -> tuple[ScreeningRule, ...]:
    """Of rules that hold for a text, those that hold for this part of its clean form, or for the text as a whole."""
    names = _CLEAN.names(clean, frozenset(rule.name for rule in rules))
    if HARM in names and names & WRAPPINGS:
        names.add(HARM_IN_STORY)
    return tuple(rule for rule in rules if rule.name in names or rule.name in OF_WHOLE)


def hits_in_decoded(texts: tuple[str, ...]) -> Iterator[ScreeningRule]:
    """The one rule about texts that were hidden by an encoding: they say what an attack says."""
    for text in texts:
        if any(rule.weight >= ORDERS_FROM for rule in matching_rules(clean=text.casefold(), raw="")):
            yield RULES[DECODED]
            return


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
