"""PURE: JSON in answers: finding it, comparing it, and showing it short."""

import json
import re
from typing import Any

import msgspec

_FENCED = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_MAX_SHOWN_LENGTH = 120
_DEEPEST = 200


class JsonValue(msgspec.Struct, frozen=True):
    """A JSON value, which may be null."""

    value: Any


def parsed(output: str, data: Any = None) -> JsonValue | None:
    """The JSON of an answer: what the gateway has parsed, or the whole text, a code fence around it or not."""
    if data is not None:
        return JsonValue(data)
    fenced = _FENCED.match(output)
    try:
        return JsonValue(json.loads(fenced.group(1) if fenced else output, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def at_path(value: Any, path: str) -> Any:
    """The value at “items.0.price”; None where there is none."""
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif (
            isinstance(value, list)
            and name.isascii()
            and name.isdecimal()
            and len(name) < 10
            and int(name) < len(value)
        ):
            value = value[int(name)]
        else:
            return None
    return value


def first_difference(wanted: Any, found: Any, *, path: str = "", depth: int = 0) -> str | None:
    """Where two JSON values begin to differ, in a sentence; None where they don't. 1 and 1.0 are equal, 1 and true are not."""
    where = f"At “{path}”: expected" if path else "Expected"
    if depth > _DEEPEST:
        return f"{where} less than {_DEEPEST} levels."
    if isinstance(wanted, dict) and isinstance(found, dict):
        return _difference_of_objects(wanted, found, path, depth)
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return f"{where} {len(wanted)} items, got {len(found)}."
        pairs = (
            first_difference(one, other, path=_joined(path, str(place)), depth=depth + 1)
            for place, (one, other) in enumerate(zip(wanted, found, strict=True))
        )
        return next((difference for difference in pairs if difference), None)
    if wanted == found and isinstance(wanted, bool) == isinstance(found, bool):
        return None
    return f"{where} {shown(wanted)}, got {shown(found)}."


def _difference_of_objects(
    wanted: dict[str, Any], found: dict[str, Any], path: str, depth: int
) -> str | None:
    for name, value in wanted.items():
        if name not in found:
            return f"“{_joined(path, name)}” is missing."
        if difference := first_difference(value, found[name], path=_joined(path, name), depth=depth + 1):
            return difference
    extra = next((name for name in found if name not in wanted), None)
    return None if extra is None else f"“{_joined(path, extra)}” is not expected."


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def shown(value: Any) -> str:
    """A value in quotes, cut short."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"
    return f"“{text}”" if text else "nothing"


def storable(value: Any) -> Any:
    """A JSON value as Postgres takes it: no NUL, no half characters."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(name): storable(each) for name, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list | tuple) else value
