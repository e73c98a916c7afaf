"""Anthropic's Messages: what a request becomes, and what a reply is told as, whole and streamed."""

import base64
import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.call import Call
from gateway.call.groups import Bounds, Request
from gateway.conversation import Conversation, encode
from gateway.entrances.formats.anthropic_reply import EventWriter, anthropic_error, message
from gateway.entrances.formats.entrance import AnthropicEntrance
from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.refusals import STATUS, Refusal

PIXEL = base64.b64encode(b"picture").decode()
PNG = {"type": "base64", "media_type": "image/png", "data": PIXEL}
HELLO = [{"role": "user", "content": "Hello"}]
CACHED = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
POINT = {"cachePoint": {"type": "default"}}
HOUR_POINT = {"cachePoint": {"type": "default", "ttl": "1h"}}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
SPEC = {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}
USED = [
    {"role": "user", "content": "Go"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "done"}]},
]


def parsed(**members: Any) -> Any:
    body = {"model": "m", "max_tokens": 9, "messages": HELLO} | members
    return AnthropicEntrance().parse(json.dumps(body).encode())


def asked(**members: Any) -> dict[str, Any]:
    """What is sent to Bedrock."""
    found: dict[str, Any] = msgspec.json.decode(encode(parsed(**members).conversation))
    return found


def of_blocks(*blocks: Any, role: str = "user") -> Any:
    """The content that blocks of one message become."""
    return asked(messages=[{"role": role, "content": list(blocks)}])["messages"][0]["content"]


def refusal_of(**members: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        parsed(**members)
    assert found.value.code == "invalid_request"
    return found.value


def test_the_least():
    assert asked() == {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "inferenceConfig": {"maxTokens": 9},
    }
    assert not parsed().is_stream
    assert parsed(stream=True).is_stream
    assert "maxTokens" not in asked(max_tokens=None)["inferenceConfig"]


def test_parameters():
    found = asked(
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        stop_sequences=["STOP"],
        thinking={"type": "enabled", "budget_tokens": 1024},
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        service_tier="auto",
        speed="standard",
        metadata={"user_id": "somebody"},
    )
    assert found["inferenceConfig"] == {
        "maxTokens": 9,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["STOP"],
    }
    assert found["additionalModelRequestFields"] == {
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "top_k": 4,
    }
    assert found["additionalModelResponseFieldPaths"] == ["/stop_sequence"]
    schema = {"schema": '{"type":"object"}', "name": "answer"}
    assert found["outputConfig"] == {
        "effort": "low",
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}},
    }
    assert "serviceTier" not in found
    assert "somebody" not in json.dumps(found)


def test_effort_alone_makes_no_json_of_the_answer():
    assert not parsed(output_config={"effort": "high"}).conversation.is_json_wanted
    form = {"type": "json_schema", "schema": {}}
    assert parsed(output_config={"format": form}).conversation.is_json_wanted
    assert parsed(output_format=form).conversation.is_json_wanted


def test_system_texts_and_messages():
    assert asked(system="Be brief.")["system"] == [{"text": "Be brief."}]
    blocks = [
        {"type": "text", "text": "One", "cache_control": HOUR},
        {"type": "text", "text": "Two", "cache_control": CACHED},
    ]
    messages = [*HELLO, {"role": "system", "content": [{"type": "text", "text": "Three"}]}]
    assert asked(system=blocks, messages=messages)["system"] == [
        {"text": "One"}, HOUR_POINT, {"text": "Two"}, POINT, {"text": "Three"},
    ]  # fmt: skip
    assert "system" not in asked(system="")


def test_roles_alternate():
    messages = [*HELLO, *HELLO, {"role": "assistant", "content": "Hi"}, {"role": "assistant", "content": "!"}]
    assert asked(messages=messages)["messages"] == [
        {"role": "user", "content": [{"text": "Hello"}, {"text": "Hello"}]},
        {"role": "assistant", "content": [{"text": "Hi"}, {"text": "!"}]},
    ]


BLOCKS = {
    "text": ({"type": "text", "text": "a", "citations": None}, {"text": "a"}),
    "image": ({"type": "image", "source": PNG}, {"image": {"format": "png", "source": {"bytes": PIXEL}}}),
    "pdf": (
        {"type": "document", "title": "Q3: results/final", "context": "c", "source": {**PNG, "media_type": "application/pdf"}},
        {"document": {"format": "pdf", "name": "Q3: results/final (1)", "context": "c", "source": {"bytes": PIXEL}}},
    ),
    "text document": (
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}, "citations": {"enabled": False}},
        {"document": {"format": "txt", "name": "Document 1", "source": {"text": "words"}}},
    ),
    "cited document": (
        {"type": "document", "title": "Q3", "source": {"type": "text", "data": "words"}, "citations": {"enabled": True}},
        {"document": {"format": "txt", "name": "Q3 (1)", "source": {"text": "words"}, "citations": {"enabled": True}}},
    ),
    "cited search result": (
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "a"}], "citations": {"enabled": True}},
        {"searchResult": {"source": "s", "title": "t", "content": [{"text": "a"}], "citations": {"enabled": True}}},
    ),
    "cited text of an earlier answer": (
        {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "b"}]},
        {"text": "a"},
    ),
    "content document": (
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "words"}]}},
        {"document": {"format": "txt", "name": "Document 1", "source": {"content": [{"text": "words"}]}}},
    ),
    "content document of one text": (
        {"type": "document", "source": {"type": "content", "content": "words"}},
        {"document": {"format": "txt", "name": "Document 1", "source": {"content": [{"text": "words"}]}}},
    ),
    "search result": (
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
        {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
    ),
    "thinking": (
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
    ),
    "hidden thinking": ({"type": "redacted_thinking", "data": "eA=="}, {"reasoningContent": {"redactedContent": "eA=="}}),
    "tool use": (
        {"type": "tool_use", "id": "1", "name": "f", "input": {"a": [1]}, "caller": {"type": "direct"}},
        {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": [1]}}},
    ),
    "tool result": (
        {"type": "tool_result", "tool_use_id": "1", "content": "done"},
        {"toolResult": {"toolUseId": "1", "content": [{"text": "done"}]}},
    ),
    "empty tool result": ({"type": "tool_result", "tool_use_id": "1"}, {"toolResult": {"toolUseId": "1", "content": []}}),
    "failed tool": (
        {"type": "tool_result", "tool_use_id": "1", "is_error": True, "content": [
            {"type": "text", "text": "no"}, {"type": "image", "source": PNG},
            {"type": "document", "title": "Log", "source": {"type": "text", "media_type": "text/plain", "data": "l"}},
            {"type": "search_result", "source": "s", "title": "t", "content": []},
        ]},
        {"toolResult": {"toolUseId": "1", "status": "error", "content": [
            {"text": "no"}, {"image": {"format": "png", "source": {"bytes": PIXEL}}},
            {"document": {"format": "txt", "name": "Log (1)", "source": {"text": "l"}}},
            {"searchResult": {"source": "s", "title": "t", "content": []}},
        ]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks(kind):
    given_block, wanted = BLOCKS[kind]
    assert of_blocks(given_block) == [wanted]
    if "thinking" not in kind:
        assert of_blocks({**given_block, "cache_control": CACHED}) == [wanted, POINT]


def test_a_mark_within_a_result_is_put_behind_it():
    inner = {"type": "text", "text": "long", "cache_control": HOUR}
    assert of_blocks({"type": "tool_result", "tool_use_id": "1", "content": [inner]}) == [
        {"toolResult": {"toolUseId": "1", "content": [{"text": "long"}]}},
        HOUR_POINT,
    ]


def test_a_mark_on_the_request_is_put_at_its_end():
    assert asked(cache_control=CACHED)["messages"][-1]["content"] == [{"text": "Hello"}, POINT]


def test_no_two_documents_have_one_name():
    block = {"type": "document", "title": "A", "source": {"type": "text", "data": "x"}}
    names = [each["document"]["name"] for each in of_blocks(block, block, {**block, "title": "*"})]
    assert names == ["A (1)", "A (2)", "* (3)"]  # which the model's own names are made of later


@pytest.mark.parametrize(
    ("choice", "history", "config", "more"),
    [
        (None, HELLO, {"tools": [SPEC]}, None),
        ({"type": "auto"}, HELLO, {"tools": [SPEC]}, None),
        ({"type": "any"}, HELLO, {"tools": [SPEC], "toolChoice": {"any": {}}}, None),
        ({"type": "tool", "name": "f"}, HELLO, {"tools": [SPEC], "toolChoice": {"tool": {"name": "f"}}}, None),
        ({"type": "none"}, HELLO, None, None),
        ({"type": "none"}, USED, {"tools": [SPEC]}, {"tool_choice": {"type": "none"}}),
        (
            {"type": "auto", "disable_parallel_tool_use": True}, HELLO, {"tools": [SPEC]},
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        (
            {"type": "any", "disable_parallel_tool_use": True}, HELLO, {"tools": [SPEC], "toolChoice": {"any": {}}},
            {"tool_choice": {"disable_parallel_tool_use": True}},
        ),
    ],
)  # fmt: skip
def test_choice_of_tools(choice, history, config, more):
    found = asked(tools=[TOOL], messages=history, tool_choice=choice)
    assert found.get("toolConfig") == config
    assert found.get("additionalModelRequestFields") == more


def test_tools():
    tool = {**TOOL, "type": "custom", "description": "Does it.", "strict": True, "cache_control": CACHED}
    spec = {**SPEC["toolSpec"], "description": "Does it.", "strict": True}
    assert asked(tools=[tool])["toolConfig"] == {"tools": [{"toolSpec": spec}, POINT]}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a tool without a schema": ({"tools": [{"name": "f"}]}, "tools[0]", "input_schema"),
    "a choice of no tool": ({"tools": [TOOL], "tool_choice": {"type": "tool"}}, "tool_choice", "name"),
    "a container": ({"container": "c"}, "container", "Leave it out"),
    "a place": ({"inference_geo": "us"}, "inference_geo", "decided by the route"),
    "an image of another kind": ({"messages": [{"role": "user", "content": [{"type": "image", "source": {**PNG, "media_type": "image/tiff"}}]}]}, "messages[0].content[0]", "PNG, JPEG, GIF or WebP"),
    "an image that is none": ({"messages": [{"role": "user", "content": [{"type": "image", "source": {**PNG, "data": "???"}}]}]}, "messages[0].content[0]", "base64"),
    "a stored file": ({"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]}, "messages[0].content[0]", "no store of files"),
    "pictures in a document": ({"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": PNG}]}}]}]}, "messages[0].content[0]", "text only"),
    "no message": ({"messages": []}, "messages", "at least one"),
    "an image as a system message": ({"messages": [*HELLO, {"role": "system", "content": [{"type": "image", "source": PNG}]}]}, "messages[1]", "text only"),
    "an empty stop sequence": ({"stop_sequences": [""]}, "stop_sequences", "none empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_honoured_is_refused_by_name(name):
    members, param, words = REFUSED[name]
    refusal = refusal_of(**members)
    assert refusal.param == param
    assert words in refusal.message


@pytest.mark.parametrize(
    "members",
    [
        {"messages": [{"role": "robot", "content": "Hello"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": [{"type": "server_tool_use", "id": "1"}]}]},
        {"messages": "Hello"},
        {"model": ""},
        {"max_tokens": "many"},
        {"temperature": 2},
        {"tools": [{**TOOL, "cache_control": {"type": "ephemeral", "ttl": "1d"}}]},
        {"system": [PNG]},
    ],
)
def test_what_does_not_fit_is_refused(members):
    assert refusal_of(**members).message.startswith("The body does not fit: ")


def test_prompts_have_messages_of_their_own():
    found = parsed(model="prompt/greet", messages=[], metadata={"user_id": "u", "variables": {"name": "Ann"}})
    assert found.prompt.name == "greet"
    assert found.prompt.variables == {"name": "Ann"}
    assert parsed().prompt is None


# The reply

ID = UUID(int=7)
CALL = Call(
    id=ID,
    request=Request(
        wire_format="anthropic", is_stream=True, model="m", key_text=None, client_ip=None, request_id="r"
    ),
    conversation=Conversation(messages=[]),
    bounds=Bounds(counted_input_tokens=5),
)
TEXTS = st.text(max_size=5)
INDEXES = st.integers(0, 3)
CITED: list[dict[str, Any]] = [
    {"title": "T (1)", "sourceContent": [{"text": "a"}], "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}}},
    {"location": {"documentChunk": {"start": 1, "end": 2}}},
    {"source": "s", "location": {"searchResultLocation": {"searchResultIndex": 1}}},
    {"location": {"web": {"url": "https://example.com"}}},
    {"location": {"orbit": {"height": 5}}},
    {},
]  # fmt: skip
EVENTS = st.one_of(
    st.builds(TextDelta, INDEXES, TEXTS),
    st.builds(ReasoningDelta, INDEXES, TEXTS, TEXTS, st.just("")),
    st.builds(ReasoningDelta, INDEXES, st.just(""), st.just(""), st.sampled_from(["", "eA=="])),
    st.builds(ToolStart, INDEXES, st.just("id"), st.just("f")),
    st.builds(ToolDelta, INDEXES, st.sampled_from(['{"a"', ": 1}", "", "{}", "[", '"b'])),
    st.builds(Citations, INDEXES, st.lists(st.sampled_from(CITED), max_size=2)),
    st.builds(BlockStop, INDEXES),
)
NUMBERS = st.integers(0, 10**6)
FINISHES = st.builds(
    Finished,
    st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "tool_use", "content_filtered", "malformed_tool_use"]),
    st.builds(Usage, input=NUMBERS, output=NUMBERS, cache_read=NUMBERS, cache_write=NUMBERS, cache_write_1h=NUMBERS),
    stop_sequence=st.sampled_from(["", "STOP"]),
)  # fmt: skip


def whole(events: list[Event], finished: Finished) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message(call_id=ID, model="m", events=events, finished=finished))
    return found


def streamed(events: list[Event], finished: Finished) -> list[dict[str, Any]]:
    writer = EventWriter(CALL)
    data = writer.start() + b"".join(map(writer.write, [*events, finished]))
    found = []
    for part in data.decode().split("\n\n")[:-1]:
        name, _, text = part.removeprefix("event: ").partition("\ndata: ")
        found.append(json.loads(text))
        assert found[-1]["type"] == name
    return found


@given(st.lists(EVENTS, max_size=12), FINISHES)
def test_every_stream_is_well_formed(events, finished):
    steps = streamed(events, finished)
    kinds = [step["type"] for step in steps]
    assert (kinds[0], *kinds[-2:]) == ("message_start", "message_delta", "message_stop")
    open_block = None
    opened = 0
    for step in steps[1:-2]:
        match step["type"]:
            case "content_block_start":
                assert open_block is None
                assert step["index"] == opened
                open_block, opened = step["content_block"]["type"], opened + 1
            case "content_block_delta":
                assert step["index"] == opened - 1
                assert (open_block, step["delta"]["type"]) in {
                    ("text", "text_delta"), ("text", "citations_delta"), ("thinking", "thinking_delta"),
                    ("thinking", "signature_delta"), ("tool_use", "input_json_delta"),
                }  # fmt: skip
            case kind:
                assert kind == "content_block_stop"
                assert step["index"] == opened - 1
                assert open_block is not None
                open_block = None
    assert open_block is None


def is_object(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@given(st.lists(EVENTS, max_size=12), FINISHES)
def test_a_stream_folded_by_the_sdk_is_the_whole_message(events, finished):
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for step in streamed(events, finished):
        try:
            snapshot = accumulate_event(event=step, current_snapshot=snapshot, json_bufs=buffers)
        except ValueError:
            assert step["delta"]["type"] == "input_json_delta"
            assume(False)  # the SDK reads no arguments that are not the beginning of JSON
        if step["type"] == "content_block_stop" and not is_object(buffers.get(step["index"], b"{}").decode()):
            snapshot.content[step["index"]].input = {}  # which was cut off: the SDK shows what there is of it
    folded = json.loads(snapshot.to_json())
    wanted = whole(events, finished)
    assert folded.pop("content") == wanted.pop("content")
    del wanted["usage"]["cache_creation"]  # for which a stream has no place
    assert folded == {"stop_details": None} | wanted


@given(st.lists(EVENTS, max_size=12), FINISHES)
def test_nothing_that_was_said_is_lost(events, finished):
    content = whole(events, finished)["content"]
    said = "".join(each.text for each in events if isinstance(each, TextDelta))
    assert "".join(block.get("text", "") for block in content) == said
    thought = "".join(each.text for each in events if isinstance(each, ReasoningDelta))
    assert "".join(block.get("thinking", "") for block in content) == thought
    started = sum(isinstance(each, ToolStart) for each in events)
    assert sum(block["type"] == "tool_use" for block in content) == started
    assert all(block.get("text") != "" or block["citations"] for block in content)
    cited = sum(len(each.found) for each in events if isinstance(each, Citations))
    assert sum(len(block.get("citations", ())) for block in content) == cited


def test_a_whole_message():
    events = [
        ReasoningDelta(0, "Hm.", "c2ln"), BlockStop(0), ReasoningDelta(1, data="eA=="), BlockStop(1), TextDelta(2, "I will"), TextDelta(2, " go."), BlockStop(2),
        ToolStart(3, "1", "f"), ToolDelta(3, '{"a"'), ToolDelta(3, ":1}"), BlockStop(3), ToolStart(4, "2", "g"), BlockStop(4),
    ]  # fmt: skip
    used = Usage(input=1, output=2, cache_read=3, cache_write=4, cache_write_1h=5)
    assert whole(events, Finished("tool_use", used)) == {
        "id": f"msg_{ID.hex}",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "eA=="},
            {"type": "text", "text": "I will go."},
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "2", "name": "g", "input": {}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_read_input_tokens": 3,
            "cache_creation_input_tokens": 9,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5},
        },
    }


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("end_turn", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
        ("content_filtered", "refusal"),
        ("guardrail_intervened", "refusal"),
        ("malformed_model_output", "malformed_model_output"),
    ],
)
def test_stop_reasons(reason, shown):
    found = whole([], Finished(reason, Usage()))
    assert found["stop_reason"] == shown
    assert ("stop_details" in found) == (shown == "refusal")


def test_a_stream_begins_with_the_estimate():
    assert streamed([], Finished("end_turn", Usage(input=8)))[0]["message"]["usage"]["input_tokens"] == 5


@pytest.mark.parametrize("code", STATUS)
def test_every_refusal_has_a_type_and_keeps_its_code(code):
    found = anthropic_error(Refusal(code, "No.", param="p"), "r")
    assert (found["type"], found["request_id"]) == ("error", "r")
    assert found["error"]["code"] == code
    assert found["error"]["type"] in {
        "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
        "request_too_large", "rate_limit_error", "api_error", "overloaded_error", "timeout_error",
    }  # fmt: skip
    assert EventWriter(CALL).error(Refusal(code, "No.")).startswith(b"event: error\ndata: {")
