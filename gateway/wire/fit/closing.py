"""PURE: whether an object of a JSON Schema can be closed, as AWS wants each, and still take what the caller's own takes."""

from collections.abc import Iterator
from typing import Any

from gateway.conversation import Json

_GROUPS = ("anyOf", "oneOf")
_BESIDE = ("if", "then", "else", "dependentSchemas", "dependentRequired", "not")
"""What is moved into the description, and may name members that `properties` does not."""
_DEEPEST = 20


def hinders_closing(node: Json, root: Any) -> str:
    """Why `additionalProperties: false` at each part would forbid what the schema allows; "" where it would not."""
    if "patternProperties" in node:
        return "names members by a pattern"
    if node.keys() & {"allOf", "$ref", *_GROUPS}:
        parts = list(_parts(node, root, 0))
        if len(parts) > 1 and not all(parts):
            return "describes an object in several parts"
    if not is_object(node) or node.get("additionalProperties") is False:
        return ""
    properties = node.get("properties")
    known = set(properties) if isinstance(properties, dict) else set[str]()
    named = set(_strings(node.get("required")))
    for name in _BESIDE:
        named |= set(_named(node.get(name)))
    for name in ("allOf", *_GROUPS):
        named |= set(_named(node.get(name)))
    return "" if named <= known else "has members that 'properties' does not name"


def is_object(node: Json) -> bool:
    """Whether a node describes an object."""
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in node


def _parts(node: Any, root: Any, depth: int) -> Iterator[bool]:
    """Of each part that describes the same object: whether it is closed by the caller."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    if is_object(node):
        yield node.get("additionalProperties") is False
    if "$ref" in node:
        yield from _parts(_target(node["$ref"], root), root, depth + 1)
    for each in _list(node.get("allOf")):
        yield from _parts(each, root, depth + 1)
    for name in _GROUPS:
        branches = [part for each in _list(node.get(name)) for part in _parts(each, root, depth + 1)]
        if branches:
            yield all(branches)


def _target(reference: Any, root: Any) -> Any:
    home, _, name = str(reference).removeprefix("#/").partition("/")
    definitions = root.get(home) if isinstance(root, dict) and home in ("$defs", "definitions") else None
    return definitions.get(name) if isinstance(definitions, dict) else None


def _named(value: Any) -> Iterator[str]:
    """Names of members that a schema beside `properties` speaks of."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("properties"), dict):
                yield from each["properties"]
            yield from _strings(each.get("required"))
            waiting += [member for name, member in each.items() if name != "properties"]
        elif isinstance(each, list):
            waiting += each


def _strings(value: Any) -> Iterator[str]:
    return (each for each in _list(value) if isinstance(each, str))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
