"""What the schema generator makes fits the schema, as jsonschema sees it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.simulator.schemas import Filler, Unsatisfiable, instance
from tests.embedded.fits import fits

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "parent": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "parent"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}

SCHEMAS: list[dict[str, Any]] = [
    TREE,
    {},
    {"const": 5},
    {"enum": ["a", None, 3]},
    {"type": ["null", "string"]},
    {"type": "string", "minLength": 700},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^[A-Z]{2}-\\d{4}$"},
    {"type": "string", "pattern": "^(red|green)+$", "minLength": 9},
    {"type": "string", "pattern": "[^a-z]", "maxLength": 40},
    *({"type": "string", "format": name} for name in ("date", "date-time", "email", "uuid", "ipv4", "uri")),
    {"type": "integer", "exclusiveMinimum": 0, "maximum": 1},
    {"type": "integer", "minimum": 5, "multipleOf": 7},
    {"type": "integer", "maximum": -3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "minimum": 0.1, "maximum": 0.4, "multipleOf": 0.1},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["x", "y", "z"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": False},
    {"type": "array", "items": {"type": "string"}, "maxItems": 0},
    {"type": "object", "required": ["free"], "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 3},
    {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}], "type": "object"},
    {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    {"anyOf": [False, {"type": "boolean"}]},
]

NUMBERS = st.integers(-50, 50)


def numeric() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda kind, low, span: {"type": kind, "minimum": low, "maximum": low + span},
        st.sampled_from(["integer", "number"]),
        NUMBERS,
        st.integers(0, 20),
    )


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    lengths = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted)
    return st.one_of(
        numeric(),
        lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[1]}),
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1]}, {"const": "x"}]),
    )


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
    return st.one_of(
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            inner,
            st.integers(0, 3),
        ),
        properties.map(lambda p: {"type": "object", "properties": p, "required": sorted(p)[:2]}),
        properties.map(lambda p: {"type": "object", "properties": p, "additionalProperties": False}),
        st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
    )


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_fits_the_schema(schema: dict[str, Any], seed: int) -> None:
    fits(instance(schema, Filler("Write to <EMAIL_ADDRESS_3f2a9c>", seed)), schema)


@settings(deadline=None)
@given(st.recursive(leaves(), nested, max_leaves=8), st.integers(0, 2**48), st.text(max_size=50))
def test_fits_any_schema(schema: dict[str, Any], seed: int, text: str) -> None:
    fits(instance(schema, Filler(text, seed)), schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "https://example.com/schema"},
        {"anyOf": [False]},
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
    ],
    ids=str,
)
def test_says_what_nothing_fits(schema: dict[str, Any]) -> None:
    with pytest.raises(Unsatisfiable):
        instance(schema, Filler("text"))


def test_the_first_string_carries_the_text() -> None:
    schema = {"type": "object", "properties": {"to": {"type": "string"}, "about": {"type": "string"}}}
    made = instance(schema, Filler("Write to <EMAIL_ADDRESS_3f2a9c>"))
    assert made["to"] == "Write to <EMAIL_ADDRESS_3f2a9c>"
