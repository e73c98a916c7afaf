"""The subset of JSON Schema that structured outputs take."""

from typing import Any

import pytest

from embedded.simulator.strict.subset import outside_the_subset


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = closed(inner=schema)
    return schema


REFERRED = closed(a={"$ref": "#/$defs/a"}, b={"$ref": "#/$defs/a"}) | {
    "$defs": {"a": closed(n={"type": "integer"})}
}
RECURSIVE = closed(a={"$ref": "#/$defs/a"}) | {"$defs": {"a": closed(n={"$ref": "#/$defs/a"})}}


@pytest.mark.parametrize(
    "schema",
    [
        closed(),
        closed(r={"type": ["string", "null"], "enum": ["a", None], "description": "x", "title": "R"}),
        closed(r={"type": "array", "items": {"type": "number"}, "minItems": 1}),
        closed(r={"anyOf": [closed(a={"const": 1}), {"type": "string", "format": "date-time"}]}),
        closed(maxItems={"type": "integer"}),
        REFERRED,
        nested(30),
    ],
)
def test_taken(schema: dict[str, Any]) -> None:
    assert outside_the_subset(schema) is None


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object"}, "'additionalProperties' must be explicitly set to false"),
        ({"properties": {}}, "'additionalProperties' must be explicitly set to false"),
        (closed() | {"additionalProperties": True}, "explicitly set to false"),
        (closed(r={"type": "object", "additionalProperties": {"type": "string"}}), "explicitly set to false"),
        (closed(r={"anyOf": [{"type": "object", "properties": {}}]}), "explicitly set to false"),
        (closed(r={"type": "number", "minimum": 1, "maximum": 2}), "For 'number' type, properties maximum, minimum are not supported"),
        (closed(r={"type": "string", "maxLength": 2}), "For 'string' type, property maxLength is not supported"),
        (closed(r={"type": "string", "pattern": "a"}), "pattern"),
        (closed(r={"type": "array", "items": {"type": "string"}, "maxItems": 3}), "maxItems"),
        (closed(r={"type": "array", "items": {"type": "string"}, "minItems": 2}), "'minItems' values other than 0 or 1"),
        (closed(r={"type": "string", "format": "phone"}), "format 'phone'"),
        (closed(r={"oneOf": [{"type": "string"}]}), "oneOf"),
        (closed(r={"not": {}}), "not"),
        (closed(r={"enum": [{"a": 1}]}), "enum"),
        (closed(r=True), "Boolean schemas"),
        (closed(r={"type": "date"}), "Schema type 'date'"),
        (closed(r={"$ref": "https://example.com/a"}), "Reference"),
        (closed(r={"$ref": "#/$defs/none"}), "Reference"),
        (RECURSIVE, "Recursive schemas"),
        (closed(r={"$ref": "#"}), "Recursive schemas"),
        (nested(300), "nested too deeply"),
        ([], "must be a JSON object"),
    ],
)  # fmt: skip
def test_refused(schema: Any, words: str) -> None:
    assert words in (outside_the_subset(schema) or "")
