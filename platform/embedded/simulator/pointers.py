"""JSON pointers into a model's own answer."""

from typing import Any

_ABSENT = object()


def picked(document: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The parts of a document that pointers name, where they stand in it. What isn't there is left out."""
    found: dict[str, Any] = {}
    for path in paths:
        names = [name.replace("~1", "/").replace("~0", "~") for name in path.split("/")[1:]]
        value: Any = document
        for name in names:
            value = value.get(name, _ABSENT) if isinstance(value, dict) else _ABSENT
        if value is _ABSENT or not names:
            continue
        place = found
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = value
    return found
