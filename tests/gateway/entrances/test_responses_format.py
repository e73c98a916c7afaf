"""OpenAI's Responses: what a request becomes, and what a reply is told as, whole and streamed."""

import base64
import json
import re
from contextlib import suppress
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import (
    Response,
    ResponseInputItemParam,
    ResponseStreamEvent,
    response_create_params,
)
from pydantic import TypeAdapter

from gateway.call import Call
from gateway.call.groups import Request
from gateway.conversation import Conversation, encode
from gateway.entrances.formats.responses import ResponsesEntrance
from gateway.entrances.formats.responses_items import LET_GO, SHAPES
from gateway.entrances.formats.responses_members import MEMBERS
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
from gateway.refusals import Refusal
from gateway.wire.sealed_reasoning import changed_reasoning, opened_reasoning, sealed_reasoning

CALL_ID = UUID(int=7)
PNG = "data:image/png;base64," + base64.b64encode(b"picture").decode()
PDF = base64.b64encode(b"%PDF-1.7").decode()
F: dict[str, Any] = {
    "type": "function",
    "name": "f",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}


def _members_by_kind() -> dict[str, set[str]]:
    """The members of the SDK's items, by the types that are read here."""
    found: dict[str, set[str]] = {}
    for shape in get_args(ResponseInputItemParam):
        for kind in re.findall(r"'(\w+)'", str(shape.__annotations__["type"])):
            if kind in SHAPES:
                found.setdefault(kind, set()).update(shape.__annotations__)
    return found


def test_each_member_of_the_sdk_s_items_is_read_or_let_go_on_purpose() -> None:
    kinds = _members_by_kind()
    assert set(kinds) == set(SHAPES)
    for kind, members in kinds.items():
        read = {field.encode_name for field in msgspec.structs.fields(SHAPES[kind])}
        assert members - read <= LET_GO, kind


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"role": "user", "content": "x", "weight": 2}, "input[0].weight; dropped"),
        ({"role": "user", "content": [{"type": "input_text", "text": "x", "tone": "dry"}]}, "input[0].content[].tone; dropped"),
        ({"role": "user", "content": "x", "jane.roe@example.org": 1}, "input[0].a member with an unusual name; dropped"),
        ({"type": "function_call", "call_id": "c", "name": "f", "deadline": 3, "status": "completed"}, "input[0].deadline; dropped"),
    ],
)  # fmt: skip
def test_what_a_newer_sdk_adds_to_an_item_is_left_out_and_said(item: Any, said: str) -> None:
    assert adjusted(input=[item]) == [said]


def test_what_a_newer_sdk_adds_inside_a_member_is_left_out_and_said() -> None:
    assert adjusted(reasoning={"effort": "low", "depth": 3}) == ["reasoning.depth; dropped"]
    assert adjusted(text={"format": {"type": "text", "colour": "red"}}) == ["text.format.colour; dropped"]


EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def parsed(**members: Any) -> Any:
    return ResponsesEntrance().parse(json.dumps({"model": "m", "input": "Hello"} | members).encode())


def asked(**members: Any) -> dict[str, Any]:
    """What is sent to Bedrock."""
    found: dict[str, Any] = msgspec.json.decode(encode(parsed(**members).conversation))
    return found


def of_items(*items: Any, **members: Any) -> Any:
    return asked(input=list(items), **members)["messages"]


def adjusted(**members: Any) -> list[str]:
    return [str(each) for each in parsed(**members).places.adjustments]


def refused(**members: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        parsed(**members)
    return found.value


def test_every_member_of_the_sdk_has_its_treatment() -> None:
    """A newer SDK's member fails here until somebody decides what becomes of it."""
    known = set(response_create_params.ResponseCreateParamsBase.__annotations__)
    assert known <= set(MEMBERS)
    # What else is here: streams' own, Codex's, and a newer SDK's.
    assert set(MEMBERS) - known <= {"stream", "client_metadata", "background_options"}


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("user", "u", []),
        ("client_metadata", {"a": "b"}, []),
        ("stream_options", {"include_obfuscation": True}, []),
        ("truncation", "disabled", []),
        ("truncation", "auto", []),
        ("background", False, []),
        ("include", ["reasoning.encrypted_content", "web_search_call.action.sources"], []),
        ("context_management", [{"type": "compaction"}], ["context_management; dropped"]),
        ("brand_new", {"a": 1}, ["brand_new; dropped"]),
        ("brand\r\nnew", 1, ["a member with an unusual name; dropped"]),
        ("service_tier", "ultrafast", ["service_tier; dropped"]),
        ("text", {"verbosity": "low"}, ["text.verbosity; by=words"]),
        ("tools", [{"type": "web_search", "external_web_access": False}, F], ["tools[0]; dropped=web_search"]),
        ("tools", [{**F, "defer_loading": True}], ["tools[0].defer_loading; dropped"]),
    ],
)  # fmt: skip
def test_what_is_let_go_and_what_is_said(member: str, value: Any, said: list[str]) -> None:
    assert adjusted(**{member: value}) == said


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
        ({"input": []}, "input"),
        ({"model": None}, "model"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]}, "tools[0].tools[0]"),
        ({"tools": [F], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
        ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, "tool_choice"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0]"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}], "store": False}, None),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "sandbox:/b.png"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "{"}]}, "input[0]"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0]"),
        ({"input": [7]}, "input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0]"),
        ({"temperature": 3}, None),
    ],
)  # fmt: skip
def test_what_would_change_the_answer_is_refused_by_name(members: dict[str, Any], param: str | None) -> None:
    if members.get("input", [{}])[:1] == [{"type": "item_reference", "id": "msg_1"}]:
        assert parsed(**members).response.recalls  # it is looked up when it is known who asks
        return
    assert (refused(**members).code, refused(**members).param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("items", "messages"),
    [
        ([{"role": "user", "content": "a"}, {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "b"}]}],
         [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]),
        ([{"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}, {"type": "refusal", "refusal": "no"}]}],
         [{"role": "assistant", "content": [{"text": "a"}, {"text": "no"}]}]),
        ([{"role": "user", "content": [{"type": "input_image", "image_url": PNG, "detail": "auto"}]}],
         [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": PNG.split(",")[1]}}}]}]),
        ([{"role": "user", "content": [{"type": "input_file", "file_data": PDF, "filename": "a.pdf"}]}],
         [{"role": "user", "content": [{"document": {"format": "pdf", "name": "a", "source": {"bytes": PDF}}}]}]),
        ([{"type": "function_call", "call_id": "1", "name": "f", "arguments": '{"a":1}', "namespace": "n", "id": "fc_1", "status": "completed"},
          {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": PNG}]}],
         [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "n__f", "input": {"a": 1}}}]},
          {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [
              {"text": "x"}, {"image": {"format": "png", "source": {"bytes": PNG.split(",")[1]}}}]}}]}]),
        ([{"type": "custom_tool_call", "call_id": "1", "name": "c", "input": "x y"}, {"type": "custom_tool_call_output", "call_id": "1", "output": "z"}],
         [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "c", "input": {"input": "x y"}}}]},
          {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "z"}]}}]}]),
        ([{"type": "local_shell_call", "id": "l", "call_id": "1", "action": {"type": "exec", "command": ["ls"], "env": {}}, "status": "completed"},
          {"type": "local_shell_call_output", "id": "1", "output": "a.txt"}],
         [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "local_shell", "input": {"command": ["ls"]}}}]},
          {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "a.txt"}]}}]}]),
        ([{"type": "shell_call", "call_id": "1", "action": {"commands": ["ls"], "timeout_ms": None}},
          {"type": "shell_call_output", "call_id": "1", "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]}],
         [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "shell", "input": {"commands": ["ls"]}}}]},
          {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [
              {"text": '[{"stdout":"a","stderr":"","outcome":{"type":"exit","exit_code":0}}]'}]}}]}]),
        ([{"type": "apply_patch_call", "call_id": "1", "status": "completed", "operation": {"type": "delete_file", "path": "a"}},
          {"type": "apply_patch_call_output", "call_id": "1", "status": "failed", "output": "no"}],
         [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "apply_patch", "input": {"operation": {"type": "delete_file", "path": "a"}}}}]},
          {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "no"}], "status": "error"}}]}]),
        ([{"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": sealed_reasoning(text="t", signature="s", data="")},
          {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": sealed_reasoning(text="", signature="", data="QUFB")}],
         [{"role": "assistant", "content": [{"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
                                            {"reasoningContent": {"redactedContent": "QUFB"}}]}]),
        ([{"role": "user", "content": [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
                                       {"type": "input_text", "text": "b", "cache_control": {"type": "ephemeral"}}]}],
         [{"role": "user", "content": [{"text": "a"}, {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "b"}, {"cachePoint": {"type": "default"}}]}]),
    ],
)  # fmt: skip
def test_items(items: list[Any], messages: list[Any]) -> None:
    assert of_items(*items) == messages


def test_instructions_and_developers_are_the_system() -> None:
    items = [
        {"role": "developer", "content": "b"},
        {"role": "user", "content": "x"},
        {"role": "system", "content": "c"},
    ]
    assert asked(input=items, instructions="a")["system"] == [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    assert adjusted(input=items) == ["input[2]; moved=instructions"]
    assert of_items({"role": "developer", "content": "Only."}) == [
        {"role": "user", "content": [{"text": "Only."}]}
    ]


@pytest.mark.parametrize("item", ["web_search_call", "file_search_call", "mcp_list_tools", "reasoning"])
def test_items_of_others_are_passed_over_and_said(item: str) -> None:
    given = [{"role": "user", "content": "x"}, {"type": item, "id": "1", "encrypted_content": "gAAAA"}]
    assert [each.partition(";")[0] for each in adjusted(input=given)] == ["input[1]"]


def _kinds() -> list[str]:
    """The types of items that the SDK knows."""
    types = [
        shape.__annotations__["type"]
        for shape in get_args(ResponseInputItemParam)
        if "type" in shape.__annotations__
    ]
    return re.findall(r"'(\w+)'", str(types))


@pytest.mark.parametrize("kind", _kinds())
def test_all_kinds_of_items_of_the_sdk_are_read_or_named(kind: str) -> None:
    params: list[str | None] = []
    try:
        parsed(input=[{"role": "user", "content": "x"}, {"type": kind}])
    except Refusal as refusal:
        params.append(refusal.param)
    assert params in ([], ["input[1]"])


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", None),
        (None, None),
        ("required", {"any": {}}),
        ({"type": "function", "name": "f"}, {"tool": {"name": "f"}}),
        ({"type": "custom", "name": "c"}, {"tool": {"name": "c"}}),
        ({"type": "apply_patch"}, {"tool": {"name": "apply_patch"}}),
    ],
)
def test_choices(choice: Any, sent: Any) -> None:
    tools = [F, {"type": "custom", "name": "c"}, {"type": "apply_patch"}]
    config = asked(tools=tools, tool_choice=choice)["toolConfig"]
    assert config.get("toolChoice") == sent
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["f", "c", "apply_patch"]


def test_tools_that_are_allowed_and_one_at_a_time() -> None:
    allowed = {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "custom", "name": "c"}, {"type": "web_search"}],
    }
    tools = [F, {"type": "custom", "name": "c"}, {"type": "web_search"}]
    found = asked(tools=tools, tool_choice=allowed, parallel_tool_calls=False)
    assert [tool["toolSpec"]["name"] for tool in found["toolConfig"]["tools"]] == ["c"]
    assert found["toolConfig"]["toolChoice"] == {"any": {}}
    assert found["additionalModelRequestFields"] == {"tool_choice": {"disable_parallel_tool_use": True}}
    assert "toolConfig" not in asked(tools=[F], tool_choice="none")


def test_names_of_namespaces_are_one_to_one() -> None:
    inner = [
        {**F, "name": "f"},
        {
            "type": "custom",
            "name": "g",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
        },
    ]
    tools = [
        {**F, "name": "n__f"},
        {"type": "namespace", "name": "n", "description": "About n.", "tools": inner},
    ]
    specs = [tool["toolSpec"] for tool in asked(tools=tools)["toolConfig"]["tools"]]
    assert [spec["name"] for spec in specs] == ["n__f", "n__f_", "n__g"]
    assert "About n." in specs[1]["description"]
    assert "start: x" in json.dumps(specs[2]["inputSchema"])


@pytest.mark.parametrize("effort", ["none", "minimal", "xhigh"])
def test_effort_is_a_matter_of_the_model(effort: str) -> None:
    assert asked(reasoning={"effort": effort})["additionalModelRequestFields"] == {"reasoning_effort": effort}
    assert "additionalModelRequestFields" not in asked(reasoning={"summary": "auto"})


def test_prompts_are_named_in_the_model_or_as_openai_names_them() -> None:
    variables = {"a": "x", "b": {"type": "input_text", "text": "y"}}
    found = parsed(model=None, prompt={"id": "greet", "version": "3", "variables": variables}).prompt
    assert (found.name, found.version, found.variables) == ("greet", 3, {"a": "x", "b": "y"})
    assert parsed(model="prompt/greet@test", metadata={"variables": '{"a":1}'}).prompt.label == "test"
    assert (
        refused(prompt={"id": "p", "variables": {"a": {"type": "input_image"}}}).param == "prompt.variables"
    )


# --- Replies


class Told:
    """A reply told whole and streamed, each held to the SDK's types."""

    def __init__(self, events: list[Event], finished: Finished | Refusal, **members: Any) -> None:
        entrance = ResponsesEntrance()
        read = entrance.parse(json.dumps({"model": "m", "input": "Hello"} | members).encode())
        request = Request(wire_format="responses", is_stream=True, model="m", key_text=None, client_ip=None)
        call = Call(
            id=CALL_ID, request=request, conversation=Conversation(messages=[]), response=read.response
        )
        writer = entrance.writer(call, read)
        data = writer.start()
        for event in events:
            data += writer.write(event)
        data += writer.error(finished) if isinstance(finished, Refusal) else writer.write(finished)
        self.steps = [
            json.loads(block.partition("\ndata: ")[2]) for block in data.decode().strip().split("\n\n")
        ]
        for step in self.steps:
            EVENTS.validate_python(step)
        assert [step["sequence_number"] for step in self.steps] == list(range(len(self.steps)))
        self._check_order()
        self.response = self.steps[-1]["response"]
        if not isinstance(finished, Refusal):
            whole = json.loads(entrance.whole(call, events, finished))
            Response.model_validate(whole)
            assert whole == self.response

    def _check_order(self) -> None:
        """Nothing of an item comes before it is added, nor after it is done."""
        added: list[str] = []
        done: list[str] = []
        for step in self.steps:
            if step["type"] == "response.output_item.added":
                assert step["output_index"] == len(added) == len(done)
                added.append(step["item"]["id"])
            elif step["type"] == "response.output_item.done":
                assert step["item"]["id"] == added[-1]
                done.append(step["item"]["id"])
            elif "item_id" in step:
                assert (step["item_id"], step["output_index"]) == (added[-1], len(done))

    @property
    def kinds(self) -> list[str]:
        return [step["type"].removeprefix("response.") for step in self.steps]


def ended(reason: str = "end_turn") -> Finished:
    return Finished(reason, Usage(input=3, output=100, cache_read=20, cache_write=7))


def test_thoughts_texts_and_tools() -> None:
    events = [
        ReasoningDelta(0, "Hm"), ReasoningDelta(0, "m."), ReasoningDelta(0, "", "sig"), BlockStop(0),
        ReasoningDelta(1, "", "", "QUFB"), BlockStop(1),
        TextDelta(2, "a"), TextDelta(2, "b"), BlockStop(2), TextDelta(3, "c"), BlockStop(3),
        ToolStart(4, "t1", "n__f"), ToolDelta(4, '{"x":'), ToolDelta(4, "1}"), BlockStop(4),
        ToolStart(5, "t2", "c"), ToolDelta(5, '{"input":"go"}'), BlockStop(5),
        ToolStart(6, "t3", "n__f"), BlockStop(6),
        ToolStart(7, "t4", "shell"), ToolDelta(7, '{"commands":["ls"]}'), BlockStop(7),
    ]  # fmt: skip
    tools = [
        {"type": "namespace", "name": "n", "description": "", "tools": [F]},
        {"type": "custom", "name": "c"},
        {"type": "shell"},
    ]
    told = Told(events, ended("tool_use"), tools=tools, reasoning={"summary": "auto"})
    thought, hidden, text, first, custom, bare, shell = told.response["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hmm."}]
    assert opened_reasoning(thought["encrypted_content"]) == {
        "reasoningText": {"text": "Hmm.", "signature": "sig"}
    }
    assert opened_reasoning(hidden["encrypted_content"]) == {"redactedContent": "QUFB"}
    assert [part["text"] for part in text["content"]] == ["abc"]
    assert (first["name"], first["namespace"], first["arguments"], first["call_id"]) == (
        "f",
        "n",
        '{"x":1}',
        "t1",
    )
    assert (custom["type"], custom["name"], custom["input"]) == ("custom_tool_call", "c", "go")
    assert bare["arguments"] == "{}"
    assert shell["action"]["commands"] == ["ls"]
    usage = told.response["usage"]
    assert (usage["input_tokens"], usage["input_tokens_details"]) == (
        30,
        {"cached_tokens": 20, "cache_write_tokens": 7},
    )
    assert 0 < usage["output_tokens_details"]["reasoning_tokens"] < 100
    assert told.response["status"] == "completed"
    assert told.kinds[:6] == [
        "created", "in_progress", "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
    ]  # fmt: skip


def test_thoughts_are_not_shown_unasked() -> None:
    told = Told([ReasoningDelta(0, "Hm.", "sig"), BlockStop(0), TextDelta(1, "a")], ended())
    thought = told.response["output"][0]
    assert thought["summary"] == []
    assert opened_reasoning(thought["encrypted_content"])
    assert not any("summary" in kind for kind in told.kinds)


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        ("end_turn", "completed", None),
        ("stop_sequence", "completed", None),
        ("max_tokens", "incomplete", "max_output_tokens"),
        ("model_context_window_exceeded", "incomplete", "max_output_tokens"),
        ("guardrail_intervened", "incomplete", "content_filter"),
        ("content_filtered", "incomplete", "content_filter"),
    ],
)
def test_ends(reason: str, status: str, why: str | None) -> None:
    told = Told([TextDelta(0, "a")], ended(reason))
    assert told.kinds[-1] == status == told.response["status"]
    assert told.response["incomplete_details"] == ({"reason": why} if why else None)
    assert told.response["output"][0]["status"] == status


def test_a_filter_that_leaves_nothing_is_a_refusal() -> None:
    told = Told([], ended("content_filtered"))
    assert told.response["output"][0]["content"][0]["type"] == "refusal"
    assert {"refusal.delta", "refusal.done"} <= set(told.kinds)


def test_a_failure_midway_closes_what_is_open() -> None:
    told = Told([TextDelta(0, "a")], Refusal("upstream_error", "It broke."))
    assert told.kinds[-2:] == ["output_item.done", "failed"]
    assert told.response["error"]["message"] == "It broke."
    assert told.response["error"]["type"] == "upstream_error"
    Response.model_validate(told.response)


def test_citations_stand_where_their_text_does() -> None:
    web = {"title": "T", "location": {"web": {"url": "https://a"}}}
    events = [TextDelta(0, "abc"), BlockStop(0), ToolStart(1, "t", "f"), BlockStop(1), TextDelta(2, "de"), Citations(2, [web]), BlockStop(2)]  # fmt: skip
    told = Told(events, ended(), tools=[F])
    assert told.response["output"][2]["content"][0]["annotations"] == [
        {"type": "url_citation", "start_index": 0, "end_index": 2, "title": "T", "url": "https://a"}
    ]
    assert "output_text.annotation.added" in told.kinds


def test_reasoning_is_changed_where_it_is_read() -> None:
    sealed = sealed_reasoning(text="Hi Ann", signature="s", data="")
    assert sealed is not None
    changed = changed_reasoning(sealed, lambda text: text.replace("Ann", "X"))
    assert opened_reasoning(changed) == {"reasoningText": {"text": "Hi X", "signature": "s"}}
    for other in ("gAAAA", "gh1.%%%", "gh1.e30="):
        assert opened_reasoning(other) is None
        assert changed_reasoning(other, str.upper) == other
    assert sealed_reasoning(text="unsigned", signature="", data="") is None


# --- Any input

WHOLE: dict[str, Any] = {
    "model": "m",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "a", "cache_control": {"ttl": "5m"}}, {"type": "input_image", "image_url": PNG}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "reasoning", "encrypted_content": "gh1.e30=", "summary": [{"type": "summary_text", "text": "x"}]},
        {"type": "shell_call", "call_id": "2", "action": {"commands": ["ls"]}},
        {"type": "additional_tools", "role": "developer", "tools": [F]},
    ],
    "tools": [F, {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
              {"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": "g"}]}, {"type": "shell", "environment": {"type": "local"}}],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "reasoning": {"effort": "low"}, "text": {"format": {"type": "json_object"}}, "prompt_cache_options": {"mode": "implicit"},
    "include": ["reasoning.encrypted_content"], "metadata": {"a": "b"}, "prompt": None, "truncation": "auto", "parallel_tool_calls": False,
}  # fmt: skip
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just({"type": []}),
    st.just("function"),
)


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could stand otherwise."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        *([path] if path else []),
        *(each for name, member in inner for each in places_of(member, (*path, name))),
    ]


@given(st.sampled_from(places_of(WHOLE)), ANY)
def test_whatever_is_sent_is_read_or_refused(path: tuple[Any, ...], value: Any) -> None:
    body = json.loads(json.dumps(WHOLE))
    at = body
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    with suppress(Refusal):
        found = ResponsesEntrance().parse(json.dumps(body).encode())
        assert ", ".join(map(str, found.places.adjustments)).isprintable()  # it goes into a header
