"""PURE: whether a JSON Schema is one that OpenAI's strict mode takes.

Source: OpenAI API docs, Structured outputs, "Supported schemas": every object lists all of its properties as required and
has `additionalProperties: false`; the root is an object.
"""

from typing import Any

_SUB = ("items", "not")
_SEVERAL = ("anyOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions")
_UNKNOWN = frozenset(
    {"allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
     "prefixItems", "unevaluatedProperties", "propertyNames", "contains", "uniqueItems"}
)  # fmt: skip


def is_strict(schema: Any) -> bool:
    """Whether it can be sent with `strict: true`."""
    return isinstance(schema, dict) and schema.get("type") == "object" and _fits(schema)


def _fits(schema: Any) -> bool:
    if not isinstance(schema, dict) or not _UNKNOWN.isdisjoint(schema):
        return False
    if not ({"type", "enum", "const", "anyOf", "$ref"} & schema.keys()):
        return False  # a schema must say of what type it is
    kinds = schema.get("type")
    if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
        names = schema.get("properties")
        if not isinstance(names, dict) or schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required") or ()) != names.keys():
            return False
    if kinds == "array" and "items" not in schema:
        return False
    inner = [schema[name] for name in _SUB if name in schema]
    for name in _SEVERAL:
        inner += schema.get(name) or ()
    for name in _NAMED:
        inner += (schema.get(name) or {}).values()
    return all(map(_fits, inner))
