"""Kinds of requests beside those of the matrix, each by its own entrance, to each family: sent valid, repaired, refused."""

import base64
import struct
from typing import Any

import msgspec
import pytest

from gateway.catalogue.rules import actions_of
from gateway.refusals import Refusal
from gateway.wire.fit.schemas import into_subset
from tests.gateway.wire.fitted import FAMILIES, bedrock_error, outcome, sent
from tests.gateway.wire.test_fit_matrix import (
    A_CALL,
    A_IMAGE,
    BASES,
    SCHEMA,
    TEXT,
    USER,
    a_result,
    a_user,
    o_call,
    o_result,
    o_tool,
)

HAIKU = FAMILIES["claude-haiku-4-5"]
LLAMA = FAMILIES["llama-3-3"]


def wide(pixels: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", pixels, 9)
    return base64.b64encode(head + bytes(40)).decode()


SEARCH: dict[str, Any] = {"type": "search_result", "source": "s", "title": "t", "content": [TEXT]}
CITED = {**SEARCH, "citations": {"enabled": True}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
A_WIDE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": wide(8001)}}
FORMAT = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
ANTHROPIC: dict[str, dict[str, Any]] = {
    "a search's result": {"messages": [a_user(SEARCH, TEXT)]},
    "a search's result, cited": {"messages": [a_user(CITED, TEXT)]},
    "a search's result in a tool's": {"messages": [USER, A_CALL, a_user(a_result(content=[CITED]))]},
    "a search's result, cited, and a schema": {"messages": [a_user(CITED, TEXT)], **FORMAT},
    "a search's result of the assistant's": {"messages": [USER, {"role": "assistant", "content": [SEARCH]}, USER]},
    "a call of the user's": {"messages": [a_user({"type": "tool_use", "id": "t1", "name": "f", "input": {}}), {"role": "assistant", "content": [a_result(content="x")]}, USER]},
    "a result of the assistant's": {"messages": [USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}, a_result()]}, USER]},
    "thinking of the user's": {"messages": [a_user(THOUGHT, TEXT)]},
    "redacted thinking, changed": {"messages": [USER, {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "é!"}, TEXT]}, USER]},
    "thinking between tools": {"thinking": {"type": "between_tools"}},
    "an image too wide": {"messages": [a_user(A_WIDE)]},
    "failed, with an image": {"messages": [USER, A_CALL, a_user(a_result(content=[A_IMAGE], is_error=True))]},
    "3,000 stops": {"stop_sequences": [f"s{number}" for number in range(3_000)]},
}  # fmt: skip


@pytest.mark.parametrize("name", ANTHROPIC)
def test_nothing_is_sent_that_bedrock_refuses(name):
    for model_id in FAMILIES.values():
        outcome("anthropic", model_id, BASES["anthropic"] | ANTHROPIC[name])


NO_SCHEMAS: list[Any] = [
    {"enum": 5},
    {"format": []},
    {"format": {}},
    {"type": "foo"},
    {"type": {"x": 1}},
    {"$ref": 5},
    {"anyOf": {"type": "string"}},
    {"type": "integer", "maximum": 10**30},
    {"type": "object", "properties": ["a"]},
]


@pytest.mark.parametrize("wrong", NO_SCHEMAS, ids=str)
def test_a_strict_tool_of_no_schema_of_the_subset_goes_without_strict(wrong):
    schema = {"type": "object", "properties": {"a": wrong}}
    for model_id in (HAIKU, LLAMA):
        tool = o_tool(strict=True, parameters=schema)
        found = sent("openai", model_id, BASES["openai"] | {"tools": [tool]})
        assert "tools[0].strict; dropped" in found.adjusted


TEXT_OF = {"type": "string"}
A = {"type": "object", "properties": {"a": TEXT_OF}}
B = {"type": "object", "properties": {"b": TEXT_OF}}


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [A, B]},
        {**A, "anyOf": [B]},
        {**A, "allOf": [{"$ref": "#/$defs/b"}], "$defs": {"b": B}},
        {**A, "oneOf": [B, {**B, "required": ["b"]}]},
        {**A, "patternProperties": {"^x": TEXT_OF}},
        {**A, "if": {"required": ["a"]}, "then": B},
        {**A, "dependentRequired": {"a": ["b"]}, "required": ["b"]},
        {**A, "required": ["a", "b"]},
    ],
)
def test_an_object_is_not_closed_where_that_would_forbid_what_the_schema_allows(schema):
    assert into_subset(schema).schema is None


@pytest.mark.parametrize(
    "schema",
    [
        A,
        {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": A}},
        {"type": "array", "items": {"anyOf": [A, B]}},
        {**A, "anyOf": [{"required": ["a"]}, {"properties": {}}]} | {"anyOf": [{"required": ["a"]}]},
    ],
)
def test_other_objects_are_closed(schema):
    found = into_subset(schema)
    assert found.schema is not None
    assert '"additionalProperties":false' in msgspec.json.encode(found.schema).decode()


def test_a_schema_of_closed_parts_is_passed_on_as_it_is():
    closed = {**A, "additionalProperties": False}
    assert into_subset({"allOf": [closed, closed]}).is_same


def annotated(**annotations: Any) -> Any:
    return {**annotations, "type": "object", "properties": {"a": {"type": "string", **annotations}}, "required": ["a"],
            "additionalProperties": False}  # fmt: skip


@pytest.mark.parametrize(
    "schema",
    [
        annotated(**{"$schema": "http://json-schema.org/draft-07/schema#"}), annotated(examples=["a"], **{"$comment": "b"}),
        annotated(readOnly=True, deprecated=False), annotated(**{"$id": "https://example.com/a"}),
    ],
)  # fmt: skip
def test_what_changes_no_meaning_of_a_schema_is_left_out_at_every_entrance(schema):
    structure = {"jsonSchema": {"schema": msgspec.json.encode(schema).decode(), "name": "a"}}
    output = {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}
    found = sent("converse", HAIKU, BASES["converse"] | output)
    sent_schema = found.body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]
    assert msgspec.json.decode(sent_schema) == annotated()
    spec = {"toolSpec": {"name": "f", "strict": True, "inputSchema": {"json": schema}}}
    tool = sent("converse", HAIKU, BASES["converse"] | {"toolConfig": {"tools": [spec]}})
    assert tool.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] == annotated()


def test_a_temperature_of_openais_scale_is_lowered_and_said():
    found = sent("openai", FAMILIES["nova-lite"], BASES["openai"] | {"temperature": 1.5})
    assert (found.adjusted, found.body["inferenceConfig"]["temperature"]) == (["temperature; lowered=1"], 1.0)
    found = sent("openai", HAIKU, BASES["openai"] | {"temperature": 1.5, "top_p": 0.5})
    assert found.adjusted == ["top_p; dropped", "temperature; lowered=1"]
    found = sent("openai", FAMILIES["claude-opus-4-8"], BASES["openai"] | {"temperature": 1.5})
    assert found.adjusted == ["temperature; dropped"]


def test_what_a_route_allows_holds_whatever_is_switched():
    passing = actions_of((("max_tokens", "pass"),))
    found = sent("openai", HAIKU, BASES["openai"] | {"max_tokens": 10**23}, actions=passing)
    assert found.body["inferenceConfig"]["maxTokens"] == 200_000
    assert found.adjusted == ["max_tokens; lowered=200000"]


@pytest.mark.parametrize(
    ("arguments", "told"), [('{"a":' * 5000 + "1" + "}" * 5000, "too deeply"), ('{"a": 1e400}', "not JSON")]
)
def test_arguments_that_can_not_be_read_are_refused_at_their_place(arguments, told):
    body = BASES["openai"] | {"messages": [USER, o_call(arguments=arguments), o_result()]}
    with pytest.raises(Refusal, match=told) as caught:
        sent("openai", HAIKU, body)
    assert caught.value.param == "messages[1].tool_calls[0]"


def test_cache_points_that_go_with_blank_texts_are_said():
    mark = {"cache_control": {"type": "ephemeral"}}
    blank = {"type": "text", "text": " ", **mark}
    found = sent("anthropic", HAIKU, BASES["anthropic"] | {"system": [blank, TEXT], "messages": [USER, {"role": "assistant", "content": [blank]}, USER]})  # fmt: skip
    assert found.adjusted.count("system; dropped=cache_point") == 1
    assert "messages[1].content[0]; dropped=cache_point" in found.adjusted


@pytest.mark.parametrize("thinking", [{"type": "between_tools"}, {}, {"type": [1]}])
def test_thinking_of_no_kind_is_refused_in_bedrocks_words(thinking):
    body = BASES["converse"] | {"additionalModelRequestFields": {"thinking": thinking}}
    with pytest.raises(Refusal, match="does not match any of the expected tags"):
        sent("converse", HAIKU, body)


def test_a_schema_that_is_no_json_is_refused_in_bedrocks_words():
    structure = {"jsonSchema": {"schema": "{", "name": "a"}}
    body = BASES["converse"] | {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}  # fmt: skip
    with pytest.raises(Refusal, match="is not valid JSON"):
        sent("converse", HAIKU, body)


@pytest.mark.parametrize("name", ["fs.read", "n" * 65, ""])
def test_names_of_tools_at_bedrocks_own_entrance_are_a_rule_like_others(name):
    """Refused in the service's own words, unless a deployment's rule says otherwise."""
    spec = {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}}
    body = {"messages": [{"role": "user", "content": [{"text": "x"}]}], "toolConfig": {"tools": [spec]}}
    model_id = FAMILIES["claude-haiku-4-5"]
    with pytest.raises(
        Refusal, match=r"1 validation error detected: Value .* at 'toolConfig\.tools\.1\.member"
    ):
        sent("converse", model_id, body)
    repaired = sent("converse", model_id, body, actions=actions_of((("tool_names", "repair"),)))
    assert not bedrock_error(model_id, repaired.body)
    assert repaired.adjusted == ["toolConfig.tools[0].name; aliased"]
    passed = sent("converse", model_id, body, actions=actions_of((("tool_names", "pass"),)))
    assert passed.body["toolConfig"]["tools"] == [spec]
