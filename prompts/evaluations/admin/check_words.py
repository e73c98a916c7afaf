"""PURE: the checks of an experiment or a rollout, for people."""

from typing import Any

from prompts.evaluations.policy.assertions import (
    Assertion,
    BadAssertionError,
    Contains,
    Equals,
    Forbidden,
    JsonSchema,
    Numeric,
    Pattern,
    decode_assertions,
)
from prompts.registry.policy.json_values import shown


def check_words(checks: Any) -> list[str]:
    """A line for each: what an answer must be like."""
    try:
        return [_words(assertion) for assertion in decode_assertions(checks)]
    except BadAssertionError as error:
        return [str(error)]


def _words(assertion: Assertion) -> str:
    match assertion:
        case Contains(texts, any_of):
            return f"has {(' or ' if any_of else ' and ').join(map(shown, texts))} in it"
        case Forbidden(texts, patterns):
            found = [*map(shown, texts), *(f"the pattern {shown(each)}" for each in patterns)]
            return f"has not {' or '.join(found)} in it"
        case Pattern(pattern, whole):
            return f"{'fits' if whole else 'has'} the pattern {shown(pattern)}"
        case JsonSchema():
            return "is JSON that fits the schema"
        case Equals(value):
            return f"is {shown(value)}"
        case Numeric():
            return f"{_place(assertion)} is {assertion.value:g}{_tolerance(assertion)}"
    return assertion.kind


def _place(assertion: Numeric) -> str:
    return f"its number at “{assertion.path}”" if assertion.path else "its number"


def _tolerance(assertion: Numeric) -> str:
    bounds = [f"{assertion.tolerance:g}"] if assertion.tolerance else []
    bounds += [f"{assertion.percent:g} %"] if assertion.percent else []
    return f", tolerance {' or '.join(bounds)}" if bounds else ""
