"""Schemas whose checking has no bound are refused, others are not."""

import pytest

from prompts.registry.policy.schema_size import UnboundedSchemaError, check_schema_size
from prompts.registry.policy.variables import BadSchemaError, validator_of

DOUBLING = {
    "$ref": "#/$defs/a0",
    "$defs": {
        **{
            f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]}
            for n in range(32)
        },
        "a32": {"type": "object"},
    },
}
TREE = {"type": "object", "properties": {"child": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (DOUBLING, "too large"),
        ({"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"}, "leads back to itself"),
        ({"$ref": "#/$defs/nothing"}, "leads nowhere"),
        ({"$ref": "http://127.0.0.1/x"}, "must lead to #/"),
        (TREE, "must lead to #/"),
        ({"$dynamicRef": "#node"}, "not supported"),
        ({"enum": list(range(6000))}, "too large"),
    ],
)  # fmt: skip
def test_refused(schema, words):
    with pytest.raises(UnboundedSchemaError, match=words):
        check_schema_size(schema)
    with pytest.raises(BadSchemaError):
        validator_of(schema)


def test_references_to_definitions_are_followed():
    schema = {
        "type": "object",
        "properties": {"from": {"$ref": "#/$defs/place"}, "to": {"$ref": "#/$defs/place"}},
        "$defs": {
            "place": {"type": "object", "required": ["zip"], "properties": {"zip": {"type": "string"}}}
        },
    }
    assert validator_of(schema).is_valid({"from": {"zip": "1"}, "to": {"zip": "2"}})
    assert not validator_of(schema).is_valid({"from": {}})
