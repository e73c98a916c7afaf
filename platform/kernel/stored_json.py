"""PURE: JSON that a column can hold. What is written in JSON, or in YAML, may be more than Postgres takes."""

from math import isfinite
from typing import Any


def unkeepable(value: Any) -> str:
    """What of a value is not JSON that a database takes, in words; "" where all of it is."""
    waiting = [value]
    while waiting:  # in place of calls: it may be nested deeply
        match waiting.pop():
            case dict() as found:
                if strange := [key for key in found if not isinstance(key, str)]:
                    return f"the key {strange[0]!r}, which is not a string: put it in quotes"
                waiting += [*reversed(found.values()), *reversed(found)]
            case list() | tuple() as found:
                waiting += reversed(found)
            case found:
                if problem := _unkeepable_by_itself(found):
                    return problem
    return ""


def _unkeepable_by_itself(value: Any) -> str:
    match value:
        case str():
            if "\0" in value:
                return "a NUL character, which can't be stored"
            return (
                ""
                if value.isascii() or _encodes(value)
                else "half of a surrogate pair, which is not a character"
            )
        case None | bool() | int():
            return ""
        case float():
            return "" if isfinite(value) else f"the number {value}, which JSON does not have"
    return f"a value of the type {type(value).__name__}, which JSON does not have"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
