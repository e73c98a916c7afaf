"""The subset of JSON Schema that structured outputs and strict tools take: AWS user guide, Structured outputs."""

from collections.abc import Iterator
from typing import Any

_DEEPEST = 100
_ANYWHERE = frozenset(
    (
        "type", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions", "title", "description", "default",
        "$schema", "$id", "$comment", "examples",
    )
)  # fmt: skip
_BY_TYPE = {
    "object": frozenset(("properties", "required", "additionalProperties")),
    "array": frozenset(("items", "minItems")),
    "string": frozenset(("format",)),
}
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)
_TYPES = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))
_TAKEN = _ANYWHERE.union(*_BY_TYPE.values())


def outside_the_subset(schema: Any) -> str | None:
    """What of a schema isn't taken, in the service's words; None for one that is."""
    if not isinstance(schema, dict):
        return "Schema must be a JSON object"
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    seen: set[int] = set()
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, bool):
            return "Boolean schemas are not supported"
        if not isinstance(node, dict):
            return "Schema must be a JSON object"
        if depth > _DEEPEST:
            return "Schema is nested too deeply"
        if id(node) in seen:
            continue
        seen.add(id(node))
        wrong = _wrong(node)
        if wrong is not None:
            return wrong
        waiting += ((inner, depth + 1) for inner in _inner(node))
    return _references(schema)


def _wrong(node: dict[str, Any]) -> str | None:
    kind = node.get("type")
    kinds = kind if isinstance(kind, list) else [kind] if kind is not None else []
    told = next((str(each) for each in kinds if each != "null"), "object" if "properties" in node else "any")
    if any(not isinstance(each, str) or each not in _TYPES for each in kinds):
        return f"Schema type '{kind}' is not supported"
    unknown = sorted(name for name in node if name not in _TAKEN)
    if unknown:
        noun, verb = ("property", "is") if len(unknown) == 1 else ("properties", "are")
        return f"For '{told}' type, {noun} {', '.join(unknown)} {verb} not supported"
    if ("object" in kinds or "properties" in node) and node.get("additionalProperties") is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if node.get("additionalProperties", False) is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if node.get("minItems", 0) not in (0, 1):
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if "format" in node and node["format"] not in _FORMATS:
        return f"For 'string' type, format '{node['format']}' is not supported"
    if any(isinstance(value, dict | list) for value in _list(node.get("enum"))):
        return "'enum' values must be strings, numbers, booleans or null"
    return None


def _inner(node: dict[str, Any]) -> Iterator[Any]:
    for name in ("properties", "$defs", "definitions"):
        if isinstance(node.get(name), dict):
            yield from node[name].values()
    for name in ("anyOf", "allOf"):
        yield from _list(node.get(name))
    if "items" in node:
        yield node["items"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _references(root: dict[str, Any]) -> str | None:
    """References lead to a place in the schema itself, and never back to one that holds them."""
    leads: dict[int, list[Any]] = {}
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if id(node) in leads:
            continue
        next_ones: list[Any] = [inner for inner in _inner(_undefined(node)) if isinstance(inner, dict)]
        if "$ref" in node:
            target = _target(root, node["$ref"])
            if target is None:
                return f"Reference '{node['$ref']}' is not supported"
            next_ones.append(target)
        leads[id(node)] = next_ones
        nodes += next_ones
    return "Recursive schemas are not supported" if _has_cycle(root, leads) else None


def _undefined(node: dict[str, Any]) -> dict[str, Any]:
    """Without definitions, which lead nowhere until they are referred to."""
    return {name: value for name, value in node.items() if name not in ("$defs", "definitions")}


def _target(root: dict[str, Any], reference: Any) -> dict[str, Any] | None:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    for part in reference.removeprefix("#").removeprefix("/").split("/"):
        if part:
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _has_cycle(root: dict[str, Any], leads: dict[int, list[Any]]) -> bool:
    """Whether a node can be reached from itself. By hand, since schemas may be deep."""
    on_the_way: set[int] = set()
    done: set[int] = set()
    stack: list[tuple[int, bool]] = [(id(root), False)]
    while stack:
        node, is_left = stack.pop()
        if is_left:
            on_the_way.discard(node)
            done.add(node)
        elif node in on_the_way:
            return True
        elif node not in done:
            on_the_way.add(node)
            stack.append((node, True))
            for following in leads.get(node, []):
                if id(following) in on_the_way:
                    return True
                stack.append((id(following), False))
    return False
