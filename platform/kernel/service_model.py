"""Holds JSON bodies against the shapes of an AWS service model (`service-2.json`). PURE: the model is given as a dict.

Each shape is compiled once into a closure; a sound body costs a few dictionary look-ups, and places are told only when
something is wrong. What is held: required and unknown members, unions of exactly one member, enums, patterns, lengths,
ranges, types, and blobs as base64 without white space. A member that is null counts as one that is absent, as at AWS.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any

from kernel.service_breach import Breach, BreachKind, Fault, shown, unknown, unlike

_IN_THE_BODY = frozenset((None, ""))

_Check = Callable[[Any], Fault | None]
Checker = Callable[[Any], Breach | None]


class ServiceModel:
    """The shapes of a service, by name: `{"ToolName": {"type": "string", "max": 64, …}, …}`."""

    def __init__(self, shapes: Mapping[str, Mapping[str, Any]]) -> None:
        self._shapes = shapes
        self._compiled: dict[str, _Check] = {}

    def checker(self, shape_name: str) -> Checker:
        """A function that answers with the first breach of a value that should have the shape, or None. It never raises.

        Members that travel in the path, the query or the headers of a request are no part of its body. KeyError for an
        unknown shape.
        """
        check = self._check(shape_name)

        def checked(value: Any) -> Breach | None:
            try:
                fault = check(value)
            except RecursionError:
                return Breach(BreachKind.DEPTH, (), "", "The request body is nested too deeply.", "")
            return None if fault is None else fault.breach()

        return checked

    def _check(self, name: str) -> _Check:
        if name in self._compiled:
            return self._compiled[name]
        # A shape may hold itself: whoever asks while it is being made gets a look-up of what will be there.
        self._compiled[name] = lambda value: self._compiled[name](value)
        self._compiled[name] = self._compile(self._shapes[name])
        return self._compiled[name]

    def _compile(self, shape: Mapping[str, Any]) -> _Check:
        kind = shape["type"]
        if shape.get("document"):
            return _anything
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._list(shape)
        if kind == "map":
            return self._map(shape)
        return _SCALARS[kind](shape)

    def _structure(self, shape: Mapping[str, Any]) -> _Check:
        inside = {
            name: member
            for name, member in shape["members"].items()
            if member.get("location") in _IN_THE_BODY
        }
        members = {
            str(member.get("locationName", name)): self._check(member["shape"])
            for name, member in inside.items()
        }
        required = tuple(
            str(inside[name].get("locationName", name))
            for name in shape.get("required", ())
            if name in inside
        )
        return _structure(members, required) if not shape.get("union") else _union(members)

    def _list(self, shape: Mapping[str, Any]) -> _Check:
        name = shape["member"]["shape"]
        return _list(self._check(name), _bounds(shape), is_scalar=self._shapes[name]["type"] in _SCALARS)

    def _map(self, shape: Mapping[str, Any]) -> _Check:
        return _map(self._check(shape["key"]["shape"]), self._check(shape["value"]["shape"]), _bounds(shape))


def _anything(value: Any) -> Fault | None:
    return None


def _structure(members: dict[str, _Check], required: tuple[str, ...]) -> _Check:
    def check(value: Any) -> Fault | None:
        if not isinstance(value, dict):
            return unlike(value, "a Map")
        for name in required:
            if value.get(name) is None:
                return Fault(BreachKind.REQUIRED, "Member must not be null", None).inside(name)
        for name, held in value.items():
            held_to = members.get(name)
            if held_to is None:
                return unknown(name)
            if held is not None:
                fault = held_to(held)
                if fault is not None:
                    return fault.inside(name)
        return None

    return check


def _union(members: dict[str, _Check]) -> _Check:
    one_of = f"Member must have exactly one of the following members set: [{', '.join(members)}]"

    def check(value: Any) -> Fault | None:
        if not isinstance(value, dict):
            return unlike(value, "a Map")
        count = 0
        for name, held in value.items():
            held_to = members.get(name)
            if held_to is None:
                return unknown(name)
            if held is not None:
                count += 1
                fault = held_to(held)
                if fault is not None:
                    return fault.inside(name)
        return None if count == 1 else Fault(BreachKind.UNION, one_of, value)

    return check


def _list(member: _Check, bounds: "_Bounds", *, is_scalar: bool) -> _Check:
    def check(value: Any) -> Fault | None:
        if not isinstance(value, list):
            return unlike(value, "a List")
        fault = bounds(len(value), value) if bounds else None
        if fault is not None:
            return fault
        for index, each in enumerate(value):
            fault = (
                member(each)
                if each is not None
                else Fault(BreachKind.REQUIRED, "Member must not be null", None)
            )
            if fault is not None:
                fault.parts.append(index)
                if is_scalar and fault.kind not in (BreachKind.TYPE, BreachKind.UNKNOWN):
                    fault.rule, fault.shown = f"Member must satisfy constraint: [{fault.rule}]", shown(value)
                else:
                    fault.told += ("member", str(index + 1))
                return fault
        return None

    return check


def _map(key: _Check, held_to: _Check, bounds: "_Bounds") -> _Check:
    def check(value: Any) -> Fault | None:
        if not isinstance(value, dict):
            return unlike(value, "a Map")
        fault = bounds(len(value), value) if bounds else None
        if fault is not None:
            return fault
        for name, held in value.items():
            for noun, fault in (("keys", key(name)), ("value", held_to(held))):
                if fault is None:
                    continue
                if fault.told or fault.kind in (BreachKind.TYPE, BreachKind.UNKNOWN):
                    return fault.inside(name)
                fault.parts.append(name)
                fault.rule, fault.shown = f"Map {noun} must satisfy constraint: [{fault.rule}]", shown(value)
                return fault
        return None

    return check


_Bounds = Callable[[int | float, Any], Fault | None] | None


def _bounds(shape: Mapping[str, Any], noun: str = "length", kind: BreachKind = BreachKind.LENGTH) -> _Bounds:
    """A check of a length or a number by the shape's `min` and `max`; None where it has neither."""
    least, most = shape.get("min"), shape.get("max")
    if not least and most is None and (noun == "length" or least is None):
        return None
    low = float("-inf") if least is None else least
    high = float("inf") if most is None else most

    def check(measure: int | float, value: Any) -> Fault | None:
        if low <= measure <= high:
            return None
        words = f"greater than or equal to {low}" if measure < low else f"less than or equal to {high}"
        return Fault(kind, f"Member must have {noun} {words}", value)

    return check


def _string(shape: Mapping[str, Any]) -> _Check:
    allowed, bounds = frozenset(shape.get("enum", ())), _bounds(shape)
    pattern = _pattern(shape)
    if not (allowed or bounds or pattern):
        return _plain_string
    one_of = f"Member must satisfy enum value set: [{', '.join(shape.get('enum', ()))}]"
    matches = f"Member must satisfy regular expression pattern: {shape.get('pattern')}"

    def check(value: Any) -> Fault | None:
        if not isinstance(value, str):
            return unlike(value, "a String")
        if allowed and value not in allowed:
            return Fault(BreachKind.ENUM, one_of, value)
        fault = bounds(len(value), value) if bounds else None
        if fault is None and pattern is not None and not pattern.fullmatch(value):
            return Fault(BreachKind.PATTERN, matches, value)
        return fault

    return check


def _pattern(shape: Mapping[str, Any]) -> re.Pattern[str] | None:
    """None where there is none, and for the few that only Java can read, none of them in a request of Bedrock's runtime."""
    try:
        # Java's classes of characters, which AWS's patterns are written for, are ASCII's.
        return re.compile(shape["pattern"], re.ASCII) if "pattern" in shape else None
    except re.error:
        return None


def _plain_string(value: Any) -> Fault | None:
    return None if isinstance(value, str) else unlike(value, "a String")


def _whole(bits: int) -> Callable[[Mapping[str, Any]], _Check]:
    most = 2 ** (bits - 1)

    def compile_whole(shape: Mapping[str, Any]) -> _Check:
        bounds = _bounds(shape, "value", BreachKind.RANGE)

        def check(value: Any) -> Fault | None:
            if isinstance(value, bool) or not isinstance(value, int) or not -most <= value < most:
                return unlike(value, "an Integer" if bits == 32 else "a Long")
            return bounds(value, value) if bounds else None

        return check

    return compile_whole


def _float(shape: Mapping[str, Any]) -> _Check:
    bounds = _bounds(shape, "value", BreachKind.RANGE)

    def check(value: Any) -> Fault | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return unlike(value, "a Float")
        return bounds(value, value) if bounds else None

    return check


def _boolean(shape: Mapping[str, Any]) -> _Check:
    return lambda value: None if isinstance(value, bool) else unlike(value, "a Boolean")


def _blob(shape: Mapping[str, Any]) -> _Check:
    bounds = _bounds(shape)

    def check(value: Any) -> Fault | None:
        if not isinstance(value, str):
            return unlike(value, "a Blob")
        try:
            size = len(a2b_base64(value, strict_mode=True))
        except (Base64Error, ValueError):
            return Fault(BreachKind.BASE64, "Member must be valid base64", value)
        return bounds(size, value) if bounds else None

    return check


def _timestamp(shape: Mapping[str, Any]) -> _Check:
    return lambda value: (
        None
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        else unlike(value, "a Timestamp")
    )


_SCALARS: dict[str, Callable[[Mapping[str, Any]], _Check]] = {
    "string": _string,
    "integer": _whole(32),
    "long": _whole(64),
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}
