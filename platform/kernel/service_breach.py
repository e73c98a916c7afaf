"""What is wrong with a body that is held against a service model, in AWS's words. PURE."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_SHOWN = 200
"""Characters of a refused value that are told."""


class BreachKind(StrEnum):
    """What a value breaks."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    UNION = "union"
    ENUM = "enum"
    PATTERN = "pattern"
    LENGTH = "length"
    RANGE = "range"
    TYPE = "type"
    BASE64 = "base64"
    DEPTH = "depth"


@dataclass(frozen=True, slots=True)
class Breach:
    """The first thing that is wrong with a body."""

    kind: BreachKind
    parts: tuple[str | int, ...]
    """The place, exactly: names of members, and indices from 0."""
    path: str
    """The place in AWS's style: `messages.1.member.content.2.member.text`, indices from 1; scalars of a list by the list."""
    rule: str
    """In AWS's words, behind "failed to satisfy constraint: "; the whole sentence where AWS has none of that form."""
    shown: str
    """The value, as AWS tells it."""

    @property
    def message(self) -> str:
        """As AWS words it."""
        if self.kind in (BreachKind.TYPE, BreachKind.UNKNOWN, BreachKind.DEPTH):
            return self.rule
        return f"1 validation error detected: Value {self.shown} at '{self.path}' failed to satisfy constraint: {self.rule}"


class Fault:
    """A breach on its way up: each level adds its part to the place."""

    __slots__ = ("kind", "parts", "rule", "shown", "told")

    def __init__(self, kind: BreachKind, rule: str, value: Any) -> None:
        self.kind = kind
        self.rule = rule
        self.shown = shown(value)
        self.parts: list[str | int] = []
        self.told: list[str] = []

    def inside(self, name: str) -> "Fault":
        """In a member of a structure."""
        self.parts.append(name)
        self.told.append(name)
        return self

    def breach(self) -> Breach:
        """The place is whole."""
        parts, path = tuple(reversed(self.parts)), ".".join(reversed(self.told))
        rule = self.rule
        if self.kind in (BreachKind.TYPE, BreachKind.UNKNOWN):
            rule = f"{rule} (at '{path}')" if path else rule
        return Breach(self.kind, parts, path, rule, self.shown)


_TOKENS = {
    dict: "START_OBJECT",
    list: "START_ARRAY",
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
    type(None): "NULL_VALUE",
}


def unlike(value: Any, wanted: str) -> Fault:
    token = (
        ("TRUE_VALUE" if value else "FALSE_VALUE")
        if isinstance(value, bool)
        else _TOKENS.get(type(value), "VALUE")
    )
    return Fault(BreachKind.TYPE, f"{token} can not be converted to {wanted}", value)


def unknown(name: str) -> Fault:
    return Fault(BreachKind.UNKNOWN, f"Unknown member '{str(name)[:_SHOWN]}'", None).inside(name)


def shown(value: Any) -> str:
    """As Java would print it, in quotes; null has none."""
    if value is None:
        return "null"
    try:
        text = _java(value)
    except RecursionError:
        text = "…"
    return f"'{text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}'"


def _java(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value[:_SHOWN]))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={_java(held)}' for name, held in list(value.items())[:_SHOWN])}}}"
    return str(value)
