"""The conversation that a rendered prompt makes with what its caller sends."""

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    Message,
    SystemBlock,
    Tool,
    ToolConfig,
    encode,
)
from gateway.prompts.conversation import ask_for_schema, check_given, prompt_conversation
from gateway.refusals import Refusal
from prompts.registry.policy.document import Document, Example, Output, Parameters, PromptLimits
from prompts.registry.policy.document import ToolDefinition as DocumentTool
from prompts.registry.policy.rendering import Turn

TURNS = st.lists(
    st.builds(Turn, st.sampled_from(["user", "assistant"]), st.text(min_size=1, max_size=5)), max_size=4
)
GIVEN = st.lists(
    st.builds(lambda role, text: Message(role=role, content=[Block(text=text)]), st.sampled_from(["user", "assistant"]), st.text(min_size=1, max_size=5)),
    max_size=4,
)  # fmt: skip
EXAMPLES = st.lists(
    st.builds(Example, user=st.text(min_size=1, max_size=5), assistant=st.text(min_size=1, max_size=5)),
    max_size=2,
)


def spoken(messages: list[Message]) -> list[tuple[str, str | None]]:
    return [(message.role, block.text) for message in messages for block in message.content]


@given(TURNS, GIVEN, EXAMPLES, st.lists(st.text(min_size=1, max_size=5), max_size=2))
def test_nothing_is_lost_or_out_of_order_and_roles_take_turns(turns, messages, examples, system):
    given_ = Conversation(messages=copy.deepcopy(messages))
    all_turns = [*(Turn("system", text) for text in system), *turns]
    made = prompt_conversation(Document(examples=tuple(examples)), all_turns, given_)
    expected = [pair for each in examples for pair in (("user", each.user), ("assistant", each.assistant))]
    assert spoken(made.messages) == [
        *expected,
        *((turn.role, turn.text) for turn in turns),
        *spoken(messages),
    ]
    roles = [message.role for message in made.messages]
    assert all(one != other for one, other in pairwise(roles))
    assert [block.text for block in made.system or ()] == system


@pytest.mark.parametrize(
    ("own", "most", "asked", "result"),
    [
        (None, 0, None, None),
        (None, 0, 50, 50),
        (None, 100, None, 100),
        (None, 100, 50, 50),
        (None, 100, 500, 100),
    ],
)
def test_fewer_tokens_may_be_asked_for_never_more(own, most, asked, result):
    document = Document(limits=PromptLimits(max_output_tokens=most))
    made = prompt_conversation(
        document, [], Conversation(messages=[], inference_config=InferenceConfig(max_tokens=asked))
    )
    assert made.inference_config is not None
    assert made.inference_config.max_tokens == result


def test_the_version_s_parameters_come_first():
    given_ = Conversation(
        messages=[], inference_config=InferenceConfig(temperature=1.0, top_p=0.9, stop_sequences=["x"]), additional_model_request_fields={"k": 1},
    )  # fmt: skip
    own = prompt_conversation(
        Document(parameters=Parameters(temperature=0.0, stop_sequences=("a",), extra={"seed": 1})), [], given_
    )
    assert own.inference_config == InferenceConfig(temperature=0.0, top_p=0.9, stop_sequences=["a"])
    assert own.additional_model_request_fields == {"seed": 1}
    none = prompt_conversation(Document(), [], given_)
    assert none.inference_config == given_.inference_config
    assert none.additional_model_request_fields == {"k": 1}


@pytest.mark.parametrize(
    ("caches", "turns", "cached", "has_point"),
    [
        (True, ["system", "user"], 1, True),
        (True, ["system", "system", "user"], 2, True),
        (True, ["system", "system", "user"], 1, False),
        (True, ["user"], 1, False),
        (False, ["system", "user"], 1, False),
        (True, ["system", "user"], 0, False),
    ],
)
def test_the_cache_keeps_what_is_the_same_for_all(caches, turns, cached, has_point):
    made = prompt_conversation(
        Document(caches_prefix=caches),
        [Turn(role, "x") for role in turns],
        Conversation(messages=[]),
        cached_turns=cached,
    )
    assert any(block.cache_point for block in made.system or ()) is has_point


@pytest.mark.parametrize(
    ("given_", "document", "param"),
    [
        (Conversation(messages=[], system=[SystemBlock(text="x")]), Document(), "messages"),
        (
            Conversation(messages=[Message(role="user", content=[])]),
            Document(takes_messages=False),
            "messages",
        ),
        (Conversation(messages=[], tool_config=ToolConfig(tools=[Tool()])), Document(), "tools"),
        (
            Conversation(messages=[], output_config={"textFormat": {}}),
            Document(output=Output(schema={})),
            "response_format",
        ),
    ],
)
def test_what_a_caller_can_not_send(given_, document, param):
    with pytest.raises(Refusal) as refusal:
        check_given(given_, document)
    assert (refusal.value.code, refusal.value.param) == ("invalid_request", param)


def test_what_a_caller_can_send():
    check_given(
        Conversation(messages=[Message(role="user", content=[])], output_config={"textFormat": {}}),
        Document(),
    )
    check_given(Conversation(messages=[]), Document(takes_messages=False, output=Output(schema={})))


TOOL_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("choice", "wire"), [("auto", None), ("any", {"any": {}}), ("find", {"tool": {"name": "find"}})]
)
def test_tools(choice, wire):
    document = Document(tools=(DocumentTool(name="find", schema=TOOL_SCHEMA),), tool_choice=choice)
    made = prompt_conversation(document, [], Conversation(messages=[]))
    assert made.tool_config is not None
    assert made.tool_config.tool_choice == wire
    spec = made.tool_config.tools[0].tool_spec
    assert spec is not None
    assert (spec.name, spec.description, spec.input_schema.json) == ("find", None, TOOL_SCHEMA)


def test_what_a_call_changes_is_its_own():
    """Redaction changes texts and schemas where they stand; versions are shared by all calls."""
    schema = copy.deepcopy(TOOL_SCHEMA)
    document = Document(tools=(DocumentTool(name="find", schema=schema),), caches_prefix=True)
    made = prompt_conversation(document, [Turn("system", "x")], Conversation(messages=[]), cached_turns=1)
    ask_for_schema(made, "{}")
    assert made.tool_config is not None
    assert made.tool_config.tools[0].tool_spec is not None
    made.tool_config.tools[0].tool_spec.input_schema.json["properties"]["a"]["type"] = "changed"
    again = prompt_conversation(document, [], Conversation(messages=[]))
    assert again.tool_config is not None
    assert again.tool_config.tools[0].tool_spec is not None
    again.tool_config.tools[0].tool_spec.input_schema.json.clear()
    assert schema == TOOL_SCHEMA
    assert made.system is not None
    assert made.system[-1].cache_point is not None
    made.system[-1].cache_point["type"] = "changed"
    assert b"changed" not in encode(
        prompt_conversation(document, [Turn("system", "x")], Conversation(messages=[]), cached_turns=1)
    )
