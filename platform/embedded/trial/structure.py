"""Probes of structured output: whether there is any, and each keyword of JSON Schema by itself."""

from typing import Any

from embedded.trial.bodies import Body, document, structured, thing, user
from embedded.trial.probe import Probe
from embedded.trial.tooling import nested

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}
_NONE, _SUBSET = "no structured output", "subset of JSON Schema"
# Each is the schema of a property, but for those whose place is the root.
_KEYWORDS: dict[str, dict[str, Any]] = {
    "enum": {"type": "string", "enum": ["a", "b"]},
    "const": {"const": "a"},
    "default": {"type": "string", "default": "a"},
    "type list": {"type": ["string", "null"]},
    "anyOf": {"anyOf": [_TEXT, _WHOLE]},
    "allOf": {"allOf": [_TEXT]},
    "oneOf": {"oneOf": [_TEXT, _WHOLE]},
    "not": {"type": "string", "not": {"const": "a"}},
    "minimum": {"type": "integer", "minimum": 1},
    "maximum": {"type": "integer", "maximum": 9},
    "multipleOf": {"type": "integer", "multipleOf": 2},
    "minLength": {"type": "string", "minLength": 1},
    "maxLength": {"type": "string", "maxLength": 9},
    "pattern": {"type": "string", "pattern": "^a"},
    "format date": {"type": "string", "format": "date"},
    "format unknown": {"type": "string", "format": "isbn"},
    "minItems one": {"type": "array", "items": _TEXT, "minItems": 1},
    "minItems two": {"type": "array", "items": _TEXT, "minItems": 2},
    "maxItems": {"type": "array", "items": _TEXT, "maxItems": 3},
    "uniqueItems": {"type": "array", "items": _TEXT, "uniqueItems": True},
    "prefixItems": {"type": "array", "prefixItems": [_TEXT]},
    "additionalProperties true": {"type": "object", "properties": {}, "additionalProperties": True},
    "patternProperties": {
        "type": "object",
        "patternProperties": {"^a": _TEXT},
        "additionalProperties": False,
    },
    "object inside, not closed": {"type": "object", "properties": {"b": _TEXT}},
    "enum of objects": {"enum": [{"b": 1}]},
    "unknown keyword": {"type": "string", "x-order": 1},
}
_ROOTS: dict[str, dict[str, Any]] = {
    "root not closed": {"type": "object", "properties": {"a": _TEXT}, "required": ["a"]},
    "root a list": {"type": "array", "items": _TEXT},
    "root anyOf": {"anyOf": [thing(a=_TEXT), thing(b=_TEXT)]},
    "optional property": {"type": "object", "properties": {"a": _TEXT}, "additionalProperties": False},
    "$defs": {**thing(a={"$ref": "#/$defs/t"}), "$defs": {"t": _TEXT}},
    "recursion": {**thing(a={"anyOf": [{"$ref": "#"}, {"type": "null"}]})},
    "nested schema": nested(10, is_closed=True),
}


def _probe(name: str, sends: str, asked: Body, rule: str, gateway: str = "schema", **more: Any) -> Probe:
    return Probe(name, sends, asked, rule, gateway, "supports_structured_output", **more)


def _citing() -> Body:
    asked = structured(thing(colour=_TEXT))
    return {**asked, "messages": [user("What colour is the sky?", document(cites=True))]}


STRUCTURE = (
    _probe("structured output", "outputConfig with a schema of one text", structured(thing(a=_TEXT)), _NONE, "structured_output"),
    _probe("structured output, streamed", "outputConfig with a schema, in a stream", structured(thing(a=_TEXT)), _NONE,
           "structured_output", operation="ConverseStream"),
    _probe("invalid JSON as a schema", "outputConfig with a schema that can't be read",
           {**structured({}), "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{"}}}}},
           "schema as JSON"),
    _probe("structure and citations", "outputConfig beside a document with citations", _citing(), "structure or citations", pages=1),
    *(_probe(f"schema: {name}", f"a property with {name}", structured(thing(a=node)), _SUBSET) for name, node in _KEYWORDS.items()),
    *(_probe(f"schema: {name}", f"a schema with {name}", structured(node), _SUBSET) for name, node in _ROOTS.items()),
)  # fmt: skip
