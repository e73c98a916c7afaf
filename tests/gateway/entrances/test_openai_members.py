"""Members of chat completions: each honoured, said to be left out, or refused by name."""

import json

import pytest
from openai.types.chat import completion_create_params

from gateway.entrances.formats.openai_request import MEMBERS, ChatRequest
from gateway.refusals import Refusal
from tests.gateway.wire.fitted import FAMILIES, bedrock_error, outcome, parse, sent
from tests.gateway.wire.test_fit_matrix import SCHEMA, USER, o_call, o_result, o_tool

HAIKU, OPUS = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-opus-4-8"
POINT = {"cachePoint": {"type": "default"}}
MARK = {"cache_control": {"type": "ephemeral"}}
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]


def chat(**members):
    return {"model": "m", "messages": [USER], **members}


def converse(body, model=HAIKU):
    made = sent("openai", model, body)
    assert not bedrock_error(model, made.body)
    return made


def noted(body):
    return [str(each) for each in parse("openai", body).places.adjustments]


def test_each_member_of_the_sdk_is_in_the_table_and_each_of_the_table_is_read():
    known = set(completion_create_params.CompletionCreateParamsBase.__annotations__)
    assert known <= set(MEMBERS.table)
    assert set(MEMBERS.table) == set(ChatRequest.__struct_fields__)


@pytest.mark.parametrize(
    "members",
    [
        {"n": 1}, {"logprobs": False}, {"logit_bias": {}}, {"presence_penalty": 0}, {"frequency_penalty": 0.0},
        {"modalities": ["text"]}, {"store": True}, {"user": "dev-17"}, {"safety_identifier": "x"},
        {"prompt_cache_key": "k"}, {"service_tier": "auto"}, {"stream_options": {"include_usage": True, "include_obfuscation": False}},
        {"parallel_tool_calls": True}, {"metadata": {"a": "b"}}, {"tools": []}, {"seed": None},
    ],
)  # fmt: skip
def test_what_changes_nothing_passes_and_nothing_is_said(members):
    assert noted(chat(**members)) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"seed": 7}, ["seed; dropped"]),
        ({"prediction": {"type": "content", "content": "x"}}, ["prediction; dropped"]),
        ({"service_tier": "scale"}, ["service_tier; dropped"]),
        ({"brand_new": 1, "another": {"a": 1}}, ["brand_new; dropped", "another; dropped"]),
        ({"verbosity": "low"}, ["verbosity; instructed"]),
        ({"tools": [{"type": "web_search"}, o_tool()]}, ["tools[0]; dropped=web_search"]),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "nu": 1}, {"type": "text", "text": "b", "nu": 2}]}]},
            ["messages[].content[].nu; dropped"],
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_honoured_and_is_not_needed_is_left_out_and_said(members, said):
    assert noted(chat(**members)) == said


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"), ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"modalities": ["text", "audio"]}, "modalities"), ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"web_search_options": {}}, "web_search_options"), ({"tool_choice": "required"}, "tool_choice"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]}, "messages[0].content[0]"),
        ({"messages": [USER, {"role": "function", "name": "f", "content": "1"}]}, "messages[1]"),
    ],
)  # fmt: skip
def test_what_would_change_the_answer_is_refused_by_name(members, param):
    with pytest.raises(Refusal) as refused:
        parse("openai", chat(**members))
    assert (refused.value.code, refused.value.param) == ("invalid_request", param)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("model", sorted(FAMILIES.values()))
@pytest.mark.parametrize(
    "more",
    [
        {}, {"max_tokens": 1500}, {"temperature": 0.5, "top_k": 5}, {"tools": [o_tool()], "tool_choice": "required"},
        {"tools": [o_tool()], "messages": [USER, o_call(), o_result()]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    ],
)  # fmt: skip
def test_an_effort_is_put_as_each_model_takes_it(effort, model, more):
    refused = (
        outcome("openai", model, chat(**more)) == "refused"
    )  # as it is without, such as tools that a model can't use
    assert (outcome("openai", model, chat(reasoning_effort=effort, **more)) == "refused") is refused


def test_an_effort_becomes_thinking():
    adaptive = converse(chat(reasoning_effort="high"), OPUS).body
    assert adaptive["additionalModelRequestFields"]["thinking"] == {"type": "adaptive"}
    assert adaptive["outputConfig"]["effort"] == "high"
    budget = converse(chat(reasoning_effort="low", max_tokens=9000)).body
    assert budget["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    open_weights = converse(chat(reasoning_effort="minimal"), "openai.gpt-oss-120b-1:0").body
    assert open_weights["additionalModelRequestFields"] == {"reasoning_effort": "low"}
    assert converse(chat(reasoning_effort="high"), FAMILIES["llama-3-3"]).adjusted == [
        "reasoning_effort; dropped"
    ]
    with pytest.raises(Refusal, match="not an effort"):
        sent("openai", HAIKU, chat(reasoning_effort="huge"))


def test_thinking_by_other_clients_words():
    for members in (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"reasoning": {"max_tokens": 2000}},
    ):
        fields = converse(chat(max_tokens=5000, **members)).body["additionalModelRequestFields"]
        assert fields["thinking"] == {"type": "enabled", "budget_tokens": 2000}


def test_thoughts_go_back_with_their_signatures():
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    ]
    history = [
        USER,
        {"role": "assistant", "content": "Yes.", "thinking_blocks": blocks, "reasoning_content": "hm"},
        USER,
    ]
    content = sent("openai", HAIKU, chat(messages=history)).body["messages"][1]["content"]
    assert content == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "ZGF0YQ=="}},
        {"text": "Yes."},
    ]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (chat(messages=[{"role": "system", "content": "s", **MARK}, USER]), ("system", 1)),
        (chat(messages=[{"role": "system", "content": [{"type": "text", "text": "s", **MARK}]}, USER]), ("system", 1)),
        (chat(messages=[{"role": "user", "content": "x", **MARK}]), ("messages", 0, "content", 1)),
        (chat(messages=[{"role": "user", "content": [{"type": "text", "text": "x", **MARK}]}]), ("messages", 0, "content", 1)),
        (chat(messages=[USER, o_call(), {**o_result(), **MARK}], tools=[o_tool()]), ("messages", 2, "content", 1)),
        (chat(tools=[{**o_tool(), **MARK}]), ("toolConfig", "tools", 1)),
        (chat(**MARK), ("messages", 0, "content", 1)),
    ],
)  # fmt: skip
def test_a_cache_mark_becomes_a_cache_point(body, place):
    found = converse(body).body
    for step in place:
        found = found[step]
    assert found == POINT


def test_a_cache_key_marks_what_stays_and_the_end():
    system = {"role": "system", "content": "s"}
    body = converse(chat(messages=[system, USER], prompt_cache_key="k")).body
    assert (body["system"][-1], body["messages"][-1]["content"][-1]) == (POINT, POINT)
    body = converse(chat(tools=[o_tool()], prompt_cache_key="k")).body
    assert (body["toolConfig"]["tools"][-1], body["messages"][-1]["content"][-1]) == (POINT, POINT)
    marked = converse(chat(messages=[{**system, **MARK}, USER], prompt_cache_key="k")).body
    assert POINT not in marked["messages"][-1]["content"]  # the caller's own marks are enough
    assert converse(chat(prompt_cache_key="k"), FAMILIES["llama-3-3"]).adjusted == [
        "prompt_cache_key; dropped=cache_point"
    ]


def test_one_tool_at_a_time():
    body = converse(chat(tools=[o_tool()], parallel_tool_calls=False)).body
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert body["additionalModelRequestFields"]["tool_choice"] == choice
    auto = converse(chat(tools=[o_tool()], tool_choice="auto", parallel_tool_calls=False)).body
    assert auto["additionalModelRequestFields"]["tool_choice"] == choice
    forced = converse(chat(tools=[o_tool()], tool_choice="required", parallel_tool_calls=False)).body
    assert forced["toolConfig"]["toolChoice"] == {"any": {}}


def test_allowed_tools_are_all_that_there_are():
    tools = [o_tool(name="a"), o_tool(name="b")]
    choice = {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "b"}}]},
    }
    config = converse(chat(tools=tools, tool_choice=choice)).body["toolConfig"]
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["b"]
    assert config["toolChoice"] == {"any": {}}


def test_functions_of_old_and_tools_of_free_text():
    legacy = chat(
        functions=[{"name": "f", "parameters": {"type": "object", "properties": {}}}],
        messages=[USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, {"role": "function", "name": "f", "content": "1"}],
    )  # fmt: skip
    turns = converse(legacy).body["messages"]
    assert turns[1]["content"][0]["toolUse"]["toolUseId"] == turns[2]["content"][0]["toolResult"]["toolUseId"]
    custom = chat(
        tools=[{"type": "custom", "custom": {"name": "patch", "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}}}],
        messages=[USER, {"role": "assistant", "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "x"}}]},
                  {"role": "tool", "tool_call_id": "c1", "content": "ok"}],
    )  # fmt: skip
    body = converse(custom).body
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {"input": "x"}
    assert "start: x" in body["toolConfig"]["tools"][0]["toolSpec"]["description"]
    assert parse("openai", custom).places.custom_tools == {"patch"}


def test_files_are_documents():
    part = {"type": "file", "file": {"filename": "notes.txt", "file_data": "data:text/plain;base64,SGVsbG8="}}
    content = converse(
        chat(messages=[{"role": "user", "content": [part, {"type": "text", "text": "?"}]}])
    ).body
    document = content["messages"][0]["content"][0]["document"]
    assert (document["format"], document["name"]) == ("txt", "notes")
    assert json.dumps(document).find("Hello") > 0


@pytest.mark.parametrize(
    "tool",
    [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": {"type": "object", "properties": {}},
        },
        {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}},
    ],
)
def test_a_function_may_stand_flat(tool):
    parsed = parse("openai", {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [tool]})
    (found,) = parsed.conversation.tool_config.tools
    assert (found.tool_spec.name, found.tool_spec.description) == ("f", "d")
    assert found.tool_spec.input_schema.json == {"type": "object", "properties": {}}
    assert not parsed.places.adjustments
