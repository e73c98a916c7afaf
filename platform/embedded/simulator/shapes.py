"""Reads JSON values as the shapes they should have, refusing as AWS does."""

from typing import Any, TypeVar

import orjson

from embedded.simulator.errors import unreadable

_T = TypeVar("_T")

_KINDS = {
    dict: "START_OBJECT",
    list: "START_ARRAY",
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
    bool: "TRUE_VALUE",
    type(None): "NULL_VALUE",
}


def json_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object. Raises AwsError (400)."""
    try:
        return mapping(orjson.loads(body or b"{}"))
    except orjson.JSONDecodeError as error:
        raise unreadable(f"Could not parse the request body as JSON: {error}") from None


def mapping(value: Any) -> dict[str, Any]:
    """A structure, which may be absent."""
    return {} if value is None else _as(value, dict, "Map")


def sequence(value: Any) -> list[Any]:
    """A list, which may be absent."""
    return [] if value is None else _as(value, list, "List")


def string(value: Any) -> str:
    """A string, which may be absent."""
    return "" if value is None else _as(value, str, "String")


def integer(value: Any) -> int | None:
    """A whole number, which may be absent."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise unreadable(f"{_KINDS[type(value)]} can not be converted to an Integer")
    return value


def number(value: Any) -> float | None:
    """A number, which may be absent."""
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise unreadable(f"{_KINDS[type(value)]} can not be converted to a Float")
    return value


def dumps(value: Any) -> str:
    """Compact JSON. Raises AwsError (400) for what is nested deeper than some 250 levels."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        raise unreadable("The request body is nested too deeply.") from None


def base64_size(encoded: Any) -> int:
    """How many bytes a base64 text stands for."""
    return len(encoded) * 3 // 4 if isinstance(encoded, str) else 0


def _as(value: Any, kind: type[_T], name: str) -> _T:
    if not isinstance(value, kind):
        raise unreadable(f"{_KINDS[type(value)]} can not be converted to a {name}")
    return value
