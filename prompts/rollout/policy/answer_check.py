"""PURE: what every answer of an experiment or a rollout must be like, compiled once and checked on live answers.

Only assertions that take nothing but the answer's own text: no expected answer, no call. They mean what they mean in
test sets (`prompts.evaluations.policy.assertions`). How long a check may take is bounded by the text's length and the size of what
is looked for; an answer beyond that is not checked.
"""

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

from prompts.evaluations.policy.assertions import (
    Assertion,
    BadAssertionError,
    Contains,
    Cost,
    Equals,
    Forbidden,
    JsonSchema,
    Judge,
    Latency,
    Numeric,
    Pattern,
    Similarity,
    check,
    decode_assertions,
)
from prompts.evaluations.policy.verdict import AssertionVerdict, Observation
from prompts.evaluations.policy.wordings import SURROGATES, compiled_pattern
from prompts.registry.policy.json_values import JsonValue, parsed
from prompts.registry.policy.variables import validator_of

MAX_CHARACTERS = 1_000_000
"""Of an answer that is checked."""
MAX_CHECKS = 20
MAX_LENGTH = 20_000
"""Characters of all checks together, as JSON."""
MAX_WEIGHT = 5_000
"""Of all checks together: `AnswerCheck.weight`."""
_MAX_WORK = 200_000_000
"""Characters times weight. RE2 takes up to 4 ns for each in the worst case, and far less in the usual one."""
_LIGHT_WORK = 2_000_000
_JSON_WEIGHT = 20


class Checked(StrEnum):
    """What came of the checks of an answer."""

    PASSED = "passed"  # it met all of them
    FAILED = "failed"
    UNCHECKED = "unchecked"  # it was too long, or a check went wrong


_Holds = Callable[["_Seen"], bool]


class AnswerCheck:
    """Assertions, compiled. Made of what `checks_of` gave."""

    def __init__(self, assertions: Sequence[Assertion]) -> None:
        made = [_compiled(assertion) for assertion in assertions]
        self._checks: tuple[_Holds, ...] = tuple(holds for holds, _ in made)
        self.weight = sum(weight for _, weight in made)
        """How much is looked for: what checking costs for each character of an answer."""

    def outcome(self, text: str) -> Checked:
        """Whether an answer meets all of them."""
        if len(text) > MAX_CHARACTERS or len(text) * self.weight > _MAX_WORK:
            return Checked.UNCHECKED
        seen = _Seen(text)
        return Checked.PASSED if all(holds(seen) for holds in self._checks) else Checked.FAILED

    def is_light(self, text: str) -> bool:
        """Whether checking the answer takes a few milliseconds at the very most."""
        return len(text) * self.weight <= _LIGHT_WORK


class _Seen:
    """An answer, with what several checks need of it made once."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def folded(self) -> str:
        return self.text.casefold()

    @cached_property
    def clean(self) -> str:
        """As RE2 takes it."""
        return self.text if self.text.isascii() else SURROGATES.sub("\ufffd", self.text)

    @cached_property
    def found(self) -> JsonValue | None:
        return parsed(self.text)

    @cached_property
    def observation(self) -> Observation:
        return Observation(output=self.text, data=self.found.value if self.found is not None else None)


def checks_of(raw: Any) -> list[Assertion]:
    """Checks of their JSON. Raises BadAssertionError, with words for the person who wrote them."""
    try:
        return _checks_of(raw)
    except RecursionError as error:
        raise BadAssertionError("The checks are nested too deeply.") from error


def _checks_of(raw: Any) -> list[Assertion]:
    found = decode_assertions(raw)
    if len(found) > MAX_CHECKS:
        raise BadAssertionError(
            f"There are {len(found)} checks: at most {MAX_CHECKS} are made of each answer."
        )
    if len(json.dumps(raw, ensure_ascii=False)) > MAX_LENGTH:
        raise BadAssertionError(f"The checks have more than {MAX_LENGTH:,} characters together.")
    for number, assertion in enumerate(found, 1):
        if problem := _problem(assertion):
            raise BadAssertionError(f"Assertion {number} ({assertion.kind}): {problem}")
    if AnswerCheck(found).weight > MAX_WEIGHT:
        raise BadAssertionError(
            "The patterns are too large to be looked for in every answer. "
            "Make them shorter, above all their counts, such as {500}."
        )
    return found


def _problem(assertion: Assertion) -> str | None:
    """Why an assertion can't be checked on live answers."""
    match assertion:
        case Similarity() | Judge():
            return "It takes a call of its own, so it is for test sets. Checks of live answers look at their text."
        case Latency():
            return "How long calls take is compared as “Duration”."
        case Cost():
            return "What calls cost is compared as “Cost per call”."
        case Equals(value=None) | Numeric(value=None):
            return "Give it a “value”: live calls have no expected answer."
        case Contains(texts=[]):
            return "Give it “texts”: live calls have no expected answer."
    return None


def _compiled(assertion: Assertion) -> tuple[_Holds, int]:
    """How an assertion is checked, and its weight."""
    match assertion:
        case Contains(texts, any_of, ignore_case):
            return _has(texts, any if any_of else all, ignore_case=ignore_case), len(texts)
        case Pattern(pattern, whole, ignore_case):
            regex = compiled_pattern(pattern, ignore_case=ignore_case)
            return partial(_fits if whole else _finds, regex), int(regex.programsize)
        case Forbidden(texts, patterns, ignore_case):
            regexes = [compiled_pattern(each, ignore_case=ignore_case) for each in patterns]
            weight = len(texts) + sum(int(regex.programsize) for regex in regexes)
            return _has_none(_has(texts, any, ignore_case=ignore_case), regexes), weight
        case JsonSchema(schema):
            return partial(_is_valid, validator_of(schema)), _JSON_WEIGHT
    return partial(_holds, assertion), _JSON_WEIGHT


def _has(texts: Sequence[str], which: Callable[..., bool], *, ignore_case: bool) -> _Holds:
    if not ignore_case:
        return lambda seen: which(text in seen.text for text in texts)
    folded = [text.casefold() for text in texts]
    return lambda seen: which(text in seen.folded for text in folded)


def _has_none(has_text: _Holds, regexes: Sequence[Any]) -> _Holds:
    return lambda seen: not has_text(seen) and not any(_finds(regex, seen) for regex in regexes)


def _finds(regex: Any, seen: _Seen) -> bool:
    return regex.search(seen.clean) is not None


def _fits(regex: Any, seen: _Seen) -> bool:
    return regex.fullmatch(seen.clean.strip()) is not None


def _is_valid(validator: Any, seen: _Seen) -> bool:
    return seen.found is not None and bool(validator.is_valid(seen.found.value))


def _holds(assertion: Assertion, seen: _Seen) -> bool:
    return check(assertion, seen.observation).verdict is AssertionVerdict.PASSED
