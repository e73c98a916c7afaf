"""Whatever comes, the simulator takes it or refuses it: it never fails."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.simulator.converse import read_turn
from embedded.simulator.errors import AwsError
from embedded.simulator.messages import read_messages_turn
from embedded.simulator.models import SimulatedModel
from embedded.simulator.operations import Operation
from embedded.simulator.strict.service import hold_to_shapes
from tests.embedded.strict_bodies import (
    FABLE,
    HAIKU,
    LLAMA,
    MODELS,
    NOVA,
    body,
    call,
    image,
    result,
    thought,
    tool,
    tools,
)
from tests.embedded.test_strict_shapes import SHAPES, values

MODEL_IDS = [HAIKU, FABLE, LLAMA, NOVA]
UNHURRIED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(0, 2)
    | st.sampled_from(["", " ", "text", "enabled", "1h"])
)
NAMES = st.sampled_from(
    [
        "type", "text", "thinking", "budget_tokens", "top_k", "content", "role", "messages", "tools", "input_schema", "source", "data",
        "tool_use_id", "id", "input", "name", "cache_control", "ttl", "format", "schema", "effort", "properties", "items", "$ref",
        "anthropic_beta", "tool_choice", "output_config",
    ]
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
BLOCKS = st.sampled_from(
    [
        {"text": "a"},
        {"text": " "},
        call(),
        call(use_id="two"),
        result(),
        result("two"),
        image(),
        thought(),
        {},
        {"cachePoint": {"type": "default"}},
    ]
)


def model(model_id: str) -> SimulatedModel:
    return MODELS.called(model_id, "us-east-1")


def converse(given_body: dict[str, Any], model_id: str) -> None:
    with suppress(AwsError):
        hold_to_shapes(Operation.CONVERSE, given_body, model_id)
        read_turn(given_body, model=model(model_id), model_id=model_id, region="us-east-1")


@UNHURRIED
@given(values(SHAPES["bedrock-runtime"], "ConverseRequest"), st.sampled_from(MODEL_IDS))
def test_bodies_that_are_nearly_of_the_shape(given_body: dict[str, Any], model_id: str) -> None:
    converse(given_body, model_id)


@UNHURRIED
@given(
    st.lists(
        st.tuples(st.sampled_from(["user", "assistant", "system"]), st.lists(BLOCKS, max_size=3)), max_size=6
    ),
    st.sampled_from(MODEL_IDS),
    st.booleans(),
)
def test_conversations_of_any_blocks(
    messages: list[tuple[str, list[dict[str, Any]]]], model_id: str, has_tools: bool
) -> None:
    config = {"toolConfig": tools()} if has_tools else {}
    converse(
        {"messages": [{"role": role, "content": blocks} for role, blocks in messages], **config}, model_id
    )


@UNHURRIED
@given(JSON, JSON, st.sampled_from(MODEL_IDS))
def test_extra_fields_and_schemas_of_any_kind(fields: Any, schema: Any, model_id: str) -> None:
    converse(body(additionalModelRequestFields=fields), model_id)
    converse(body(toolConfig=tools(tool(schema=schema if schema is not None else {}, strict=True))), model_id)


@UNHURRIED
@given(
    st.fixed_dictionaries(
        {"messages": JSON}, optional={"tools": JSON, "system": JSON, "thinking": JSON, "output_config": JSON}
    )
)
def test_anthropic_bodies_of_any_kind(given_body: dict[str, Any]) -> None:
    whole = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, **given_body}
    with suppress(AwsError):
        read_messages_turn(whole, model=model(HAIKU), model_id=HAIKU, region="us-east-1")


@pytest.mark.parametrize("depth", [300, 1000])
def test_schemas_that_are_nested_deep(depth: int) -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    converse(body(toolConfig=tools(tool(schema=schema, strict=True))), HAIKU)
    converse(body(toolConfig=tools(tool(schema=schema))), HAIKU)


def test_a_history_of_two_thousand_messages() -> None:
    said: list[dict[str, Any]] = [{"role": "user", "content": [{"text": "x"}]}]
    for number in range(1000):
        said.append({"role": "assistant", "content": [call(use_id=f"c{number}")]})
        said.append({"role": "user", "content": [result(f"c{number}")]})
    turn = read_turn(body(*said, toolConfig=tools()), model=model(HAIKU), model_id=HAIKU, region="us-east-1")
    assert turn.tool_results == ["found"]
