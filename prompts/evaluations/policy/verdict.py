"""PURE: what was seen of one answer, and what an assertion says of it."""

import re
from enum import StrEnum
from typing import Any

import msgspec

from prompts.registry.policy.json_values import at_path, parsed, shown

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w]|\.\d)")


class AssertionVerdict(StrEnum):
    """What an assertion says. What could not be judged never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNJUDGED = "unjudged"


class AssertionOutcome(msgspec.Struct, frozen=True):
    """What one assertion says of one answer, in a sentence. `score` is what was measured, where something was."""

    kind: str
    verdict: AssertionVerdict
    message: str
    score: float | None = None


class Score(msgspec.Struct, frozen=True):
    """What was measured for an assertion; None where it could not be, the reason saying why."""

    value: float | None
    reason: str = ""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One answer and what it took. `data` is its JSON where the gateway gave it; `expected` is the case's, text or JSON."""

    output: str
    expected: Any = None
    data: Any = None
    duration_ms: float = 0.0
    cost_nanos: int = 0

    def number(self, path: str) -> float | str:
        """The answer's number, or why there is none."""
        found = parsed(self.output, self.data)
        if path:
            value = at_path(found.value, path) if found else None
            number = _as_number(value)
            if number is not None:
                return number
            return f"There is no number at “{path}” of {shown(self.output)}."
        if found is not None and (number := _as_number(found.value)) is not None:
            return number
        numbers = _NUMBER.findall(self.output)
        if len(numbers) == 1:
            return float(numbers[0].replace(",", ""))
        which = f"{len(numbers)} numbers: say which by a path, or ask for JSON" if numbers else "no number"
        return f"{shown(self.output)} has {which}."

    def expected_number(self, path: str) -> float | None:
        """The number that the case expects."""
        value = (
            at_path(self.expected, path) if path and isinstance(self.expected, dict | list) else self.expected
        )
        return _as_number(value)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().replace(",", "")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def passed(kind: str, message: str, *, score: float | None = None) -> AssertionOutcome:
    return AssertionOutcome(kind, AssertionVerdict.PASSED, message, score)


def failed(kind: str, message: str, *, score: float | None = None) -> AssertionOutcome:
    return AssertionOutcome(kind, AssertionVerdict.FAILED, message, score)


def unjudged(kind: str, message: str) -> AssertionOutcome:
    return AssertionOutcome(kind, AssertionVerdict.UNJUDGED, message)


def overall(outcomes: list[AssertionOutcome]) -> AssertionVerdict:
    """Failed where one failed; else unjudged where one could not be judged; else passed."""
    verdicts = {outcome.verdict for outcome in outcomes}
    if AssertionVerdict.FAILED in verdicts:
        return AssertionVerdict.FAILED
    return AssertionVerdict.UNJUDGED if AssertionVerdict.UNJUDGED in verdicts else AssertionVerdict.PASSED
