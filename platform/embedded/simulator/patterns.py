"""Makes a string that a regular expression matches, for the constructs JSON schemas use."""

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_CANDIDATES = "a1A_-. @/:,;"
_MAX_REPEATS = 64


def example(pattern: str, min_length: int = 0) -> str | None:
    """A string the pattern is found in, at least so long; None if it is beyond this generator."""
    try:
        parsed = parser.parse(pattern)
        for extra in range(_MAX_REPEATS):
            text = _sequence(parsed, extra)
            if len(text) >= min_length and re.search(pattern, text):
                return text
    except (re.error, ValueError, RecursionError, OverflowError):
        return None
    return None


def _sequence(nodes: Any, extra: int) -> str:
    return "".join(_node(kind, value, extra) for kind, value in nodes)


def _node(kind: Any, value: Any, extra: int) -> str:
    """A string for one node; repetitions are made `extra` times more often than they must."""
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.ANY:
        return "a"
    if kind is sre.NOT_LITERAL:
        return "a" if ord("a") != value else "b"
    if kind is sre.IN:
        return _member(value)
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, most, nodes = value
        times: int = min(least + extra, most if most is not sre.MAXREPEAT else least + extra)
        return _sequence(nodes, 0) * times
    if kind is sre.SUBPATTERN:
        return _sequence(value[3], extra)
    if kind is sre.ATOMIC_GROUP:
        return _sequence(value, extra)
    if kind is sre.BRANCH:
        return _sequence(value[1][0], extra)
    if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return ""  # the match at the end decides whether this went well
    raise ValueError(f"cannot make {kind}")


def _member(choices: Any) -> str:
    """A character of a set, tried out on the set itself."""
    negated = choices[0][0] is sre.NEGATE
    members = choices[1:] if negated else choices
    listed: list[str] = [
        chr(value if kind is sre.LITERAL else value[0]) for kind, value in members if kind is not sre.CATEGORY
    ]
    for char in _CANDIDATES + "".join(listed):
        if any(_holds(kind, value, char) for kind, value in members) != negated:
            return char
    raise ValueError("an empty set")


def _holds(kind: Any, value: Any, char: str) -> bool:
    if kind is sre.LITERAL:
        return bool(ord(char) == value)
    if kind is sre.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    tests: dict[Any, bool] = {
        sre.CATEGORY_DIGIT: char.isdigit(),
        sre.CATEGORY_NOT_DIGIT: not char.isdigit(),
        sre.CATEGORY_SPACE: char.isspace(),
        sre.CATEGORY_NOT_SPACE: not char.isspace(),
        sre.CATEGORY_WORD: char.isalnum() or char == "_",
        sre.CATEGORY_NOT_WORD: not (char.isalnum() or char == "_"),
    }
    return tests[value]
