"""What OpenAI refuses of JSON Schemas. Sources: OpenAI API docs, Structured outputs, "Supported schemas"; and for arrays
without items, which are refused outside of strict mode, too, microsoft/vscode#248810, modelcontextprotocol/servers#1622."""

from collections.abc import Iterator
from typing import Any

from embedded.simulator.direct.errors import invalid

_STRICT = frozenset(
    (
        "type", "enum", "const", "anyOf", "$ref", "$defs", "definitions", "title", "description", "default", "$schema", "$id",
        "$comment", "examples", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "pattern",
        "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "minLength", "maxLength",
    )
)  # fmt: skip


def check_schema(schema: Any, what: str, *, is_strict: bool) -> None:
    """Raises DirectError for a schema of a function, or of an answer, that is not taken."""
    if schema is None and not is_strict:
        return
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or (kind != "object" and (is_strict or what.startswith("function"))):
        raise invalid(
            f"Invalid schema for {what}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.",
            code="invalid_function_parameters",
        )
    for path, node in _nodes(schema, ()):
        if (wrong := _wrong(node, is_strict=is_strict)) is not None:
            raise invalid(
                f"Invalid schema for {what}: In context={path}, {wrong}", code="invalid_function_parameters"
            )


def _wrong(node: dict[str, Any], *, is_strict: bool) -> str | None:
    kinds = node.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds and "items" not in node:
        return "array schema missing items."
    if not is_strict:
        return None
    if unknown := next((name for name in node if name not in _STRICT), None):
        return f"'{unknown}' is not permitted."
    if not {"type", "enum", "const", "anyOf", "$ref"} & node.keys():
        return "schema must have a 'type' key."
    if "object" not in kinds:
        return None
    if node.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    missing = [name for name in node.get("properties") or {} if name not in (node.get("required") or ())]
    if missing or not isinstance(node.get("properties"), dict):
        return f"'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
    return None


def _nodes(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    waiting = [(path, schema)]
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield path, node
        for name in ("properties", "$defs", "definitions"):
            inner = node.get(name)
            for key, value in inner.items() if isinstance(inner, dict) else ():
                waiting.append(((*path, name, key), value))
        for name in ("items", "additionalProperties"):
            waiting.append(((*path, name), node.get(name)))
        for name in ("anyOf", "allOf", "oneOf"):
            for number, value in enumerate(node.get(name) or ()):
                waiting.append(((*path, name, str(number)), value))
