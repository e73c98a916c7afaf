"""Each rule's breach by each entrance by each family of models: sent valid, repaired and said, or refused by name."""

import base64
from typing import Any

import pytest

from tests.gateway.wire.fitted import ENTRANCES, FAMILIES, outcome

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
PDF = base64.b64encode(b"%PDF-1.4 x").decode()
USER: dict[str, Any] = {"role": "user", "content": "x"}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"r": {"type": "string"}}, "required": ["r"]}
OPEN = {"type": "object"}
TOO_MUCH = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 5}}}
MAP = {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}}
LIST = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
LOOP = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}}}}


def o_tool(name: str = "f", **more: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {}}, **more},
    }


def o_call(call_id: str = "c1", name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"role": "assistant", "content": None,
            "tool_calls": [{"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}]}  # fmt: skip


def o_result(call_id: str = "c1", content: Any = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def o_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


OPENAI: dict[str, dict[str, Any]] = {
    "plain": {},
    "temperature": {"temperature": 0.5},
    "temperature 1": {"temperature": 1},
    "both": {"temperature": 0.5, "top_p": 0.9},
    "both, one of them 1": {"temperature": 1, "top_p": 0.9},
    "max_tokens at the limit": {"max_tokens": 64_000},
    "max_tokens above": {"max_completion_tokens": 10**9},
    "blank stop": {"stop": ["\n"]},
    "stop": {"stop": ["END", " "]},
    "schema": o_schema(SCHEMA),
    "open schema": o_schema(OPEN),
    "schema of too much": o_schema(TOO_MUCH),
    "schema of a map": o_schema(MAP),
    "schema of a list": o_schema(LIST),
    "schema that holds itself": o_schema(LOOP),
    "json_object": {"response_format": {"type": "json_object"}},
    "json_object with tools": {"response_format": {"type": "json_object"}, "tools": [o_tool()]},
    "schema with tools": {**o_schema(SCHEMA), "tools": [o_tool()]},
    "tools": {"tools": [o_tool()]},
    "strict": {"tools": [o_tool(strict=True)]},
    "strict and too much": {"tools": [o_tool(strict=True, parameters=TOO_MUCH)]},
    "no type": {"tools": [o_tool(parameters={"properties": {}})]},
    "another type": {"tools": [o_tool(parameters={"type": "string"})]},
    "blank description": {"tools": [o_tool(description=" ")]},
    "required": {"tools": [o_tool()], "tool_choice": "required"},
    "named": {"tools": [o_tool()], "tool_choice": {"type": "function", "function": {"name": "f"}}},
    "named another": {"tools": [o_tool()], "tool_choice": {"type": "function", "function": {"name": "g"}}},
    "none": {"tools": [o_tool()], "tool_choice": "none"},
    "names": {"tools": [o_tool("fs.read_file"), o_tool("fs/read_file"), o_tool("fs_read_file")]},
    "long names": {"tools": [o_tool("a" * 64 + "b"), o_tool("a" * 64 + "c")]},
    "two of one name": {"tools": [o_tool(), o_tool()]},
    "history without tools": {"messages": [USER, o_call(), o_result(), USER]},
    "history, none": {"messages": [USER, o_call(), o_result(), USER], "tools": [o_tool()], "tool_choice": "none"},
    "history of a strange name": {"messages": [USER, o_call(name="a.b"), o_result(), USER]},
    "ids": {"messages": [USER, o_call("call|a b"), o_result("call|a b"), USER], "tools": [o_tool()]},
    "long ids": {"messages": [USER, o_call("i" * 64 + "1"), o_result("i" * 64 + "1"), o_call("i" * 64 + "2"), o_result("i" * 64 + "2")]},
    "arguments null": {"messages": [USER, o_call(arguments="null"), o_result()]},
    "arguments blank": {"messages": [USER, o_call(arguments=" "), o_result()]},
    "arguments a list": {"messages": [USER, o_call(arguments="[]"), o_result()]},
    "arguments a text": {"messages": [USER, o_call(arguments='"x"'), o_result()]},
    "result blank": {"messages": [USER, o_call(), o_result(content="\n")]},
    "result empty": {"messages": [USER, o_call(), o_result(content="")]},
    "result of nothing": {"messages": [USER, o_call(), o_result(content=[])]},
    "result with an image": {"messages": [USER, o_call(), o_result(content=[{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}])]},
    "result and text": {"messages": [USER, o_call(), o_result(), USER]},
    "text, then result": {"messages": [USER, o_call(), USER, o_result()]},
    "no result": {"messages": [USER, o_call(), USER]},
    "result of no call": {"messages": [o_result(), USER]},
    "result twice": {"messages": [USER, o_call(), o_result(), o_result()]},
    "IDs numbered anew": {"messages": [USER, o_call(), o_result(), o_call(), o_result(), o_call(), o_result()]},
    "two calls of one ID": {"messages": [USER, {**o_call(), "tool_calls": o_call()["tool_calls"] * 2}, o_result()]},
    "call last": {"messages": [USER, o_call()]},
    "blank part": {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "hi"}]}]},
    "blank turn": {"messages": [{"role": "user", "content": " "}]},
    "blank assistant": {"messages": [USER, {"role": "assistant", "content": ""}, USER]},
    "assistant null": {"messages": [USER, {"role": "assistant", "content": None}, USER]},
    "system blank": {"messages": [{"role": "system", "content": ""}, USER]},
    "system alone": {"messages": [{"role": "system", "content": "Be brief."}]},
    "assistant first": {"messages": [{"role": "assistant", "content": "Welcome!"}, USER]},
    "assistant last": {"messages": [USER, {"role": "assistant", "content": "It is "}]},
    "image": {"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]}]},
    "image, wrong format": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PNG}"}}]}]},
    "image with a line feed": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG[:20]}\n{PNG[20:]}"}}]}]},
    "21 images": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}] * 21}]},
}  # fmt: skip
A_TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
MARK = {"cache_control": {"type": "ephemeral"}}
A_BLOCKS: list[dict[str, Any]] = [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]
A_CALL = {"role": "assistant", "content": A_BLOCKS}


def a_result(**more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t1", **more}


def a_user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


TEXT = {"type": "text", "text": "x"}
A_PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
A_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
ANTHROPIC: dict[str, dict[str, Any]] = {
    "plain": {},
    "temperature": {"temperature": 0.5},
    "both": {"temperature": 0.5, "top_p": 0.9},
    "top_k": {"top_k": 5},
    "thinking": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    "adaptive": {"thinking": {"type": "adaptive"}},
    "thinking off": {"thinking": {"type": "disabled"}},
    "thinking, warm": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "temperature": 0.2},
    "thinking, top_k": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_k": 4},
    "thinking, top_p": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_p": 0.5},
    "budget small": {"thinking": {"type": "enabled", "budget_tokens": 100}},
    "budget large": {"thinking": {"type": "enabled", "budget_tokens": 9000}},
    "budget at the limit": {"thinking": {"type": "enabled", "budget_tokens": 63_999}, "max_tokens": 64_000},
    "thinking without max_tokens": {"thinking": {"type": "enabled", "budget_tokens": 16_000}, "max_tokens": None},
    "thinking and a forced tool": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "tools": [A_TOOL], "tool_choice": {"type": "any"}},
    "thinking and a schema": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "effort": {"output_config": {"effort": "high"}},
    "effort xhigh": {"output_config": {"effort": "xhigh"}},
    "effort max without thinking": {"output_config": {"effort": "max"}, "thinking": {"type": "disabled"}},
    "schema": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "schema of too much": {"output_format": {"type": "json_schema", "schema": TOO_MUCH}},
    "max_tokens at the limit": {"max_tokens": 128_000},
    "blank stop": {"stop_sequences": [" ", "END"]},
    "property names": {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a b": {"type": "string"}}}}]},
    "any": {"tools": [A_TOOL], "tool_choice": {"type": "any"}},
    "one at a time": {"tools": [A_TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    "five marks": {"messages": [a_user(*({**TEXT, **MARK} for _ in range(5)))]},
    "marks everywhere": {"system": [{**TEXT, **MARK}], "tools": [{**A_TOOL, **MARK}], "messages": [a_user({**TEXT, **MARK}, {**TEXT, **MARK})]},
    "an hour": {"system": [{**TEXT, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
    "mark of the request": {**MARK},
    "text before a result": {"messages": [USER, A_CALL, a_user(TEXT, a_result(content="y"))], "tools": [A_TOOL]},
    "text behind a result": {"messages": [USER, A_CALL, a_user(a_result(content="y"), TEXT)], "tools": [A_TOOL]},
    "image beside a result": {"messages": [USER, A_CALL, a_user(a_result(content="y"), A_IMAGE)], "tools": [A_TOOL]},
    "image in a result": {"messages": [USER, A_CALL, a_user(a_result(content=[A_IMAGE]))], "tools": [A_TOOL]},
    "marked result and text": {"messages": [USER, A_CALL, a_user(TEXT, a_result(content="y", **MARK))], "tools": [A_TOOL]},
    "failed without a word": {"messages": [USER, A_CALL, a_user(a_result(is_error=True))], "tools": [A_TOOL]},
    "failed with a blank": {"messages": [USER, A_CALL, a_user(a_result(is_error=True, content=" "))], "tools": [A_TOOL]},
    "without tools": {"messages": [USER, A_CALL, a_user(a_result(content="y"))]},
    "input a text": {"messages": [USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": "x"}]}, a_user(a_result())]},
    "input a list": {"messages": [USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": []}]}, a_user(a_result())]},
    "text behind a call": {"messages": [USER, {"role": "assistant", "content": [*A_BLOCKS, TEXT]}, a_user(a_result())]},
    "a document alone": {"messages": [a_user(A_PDF)]},
    "two documents of one name": {"messages": [a_user({**A_PDF, "title": "a.b"}, {**A_PDF, "title": "a.b"}, TEXT)]},
    "six documents": {"messages": [a_user(*[A_PDF] * 6, TEXT)]},
    "a document with citations": {"messages": [a_user({**A_PDF, "citations": {"enabled": True}}, TEXT)]},
    "a document in a result": {"messages": [USER, A_CALL, a_user(a_result(content=[A_PDF]))], "tools": [A_TOOL]},
    "blank system": {"system": ""},
    "blank system part": {"system": [{"type": "text", "text": " "}, TEXT]},
    "marked blank system": {"system": [{"type": "text", "text": "", **MARK}]},
    "blank parts": {"messages": [a_user({"type": "text", "text": ""}, TEXT)]},
    "empty content": {"messages": [USER, {"role": "assistant", "content": []}, USER]},
    "assistant first": {"messages": [{"role": "assistant", "content": "hi"}, USER]},
    "ends with the assistant": {"messages": [USER, {"role": "assistant", "content": "It is "}]},
    "ends with a blank": {"messages": [USER, {"role": "assistant", "content": " "}]},
    "reasoning of another": {"messages": [USER, {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, TEXT]}, USER]},
    "redacted reasoning alone": {"messages": [USER, {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "eHg="}]}, USER]},
}  # fmt: skip
B_TEXT = {"text": "x"}
B_USER = {"role": "user", "content": [B_TEXT]}
B_BLOCKS: list[dict[str, Any]] = [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}]
B_CALL = {"role": "assistant", "content": B_BLOCKS}
B_TOOLS = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}


def b_user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def b_result(**more: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": "t1", "content": [{"text": "y"}], **more}}


POINT = {"cachePoint": {"type": "default"}}
CONVERSE: dict[str, dict[str, Any]] = {
    "plain": {},
    "empty block": {"messages": [b_user({})]},
    "two members": {"messages": [b_user({"text": "x", "image": {"format": "png", "source": {"bytes": PNG}}})]},
    "unknown format": {"messages": [b_user({"document": {"format": "exe", "name": "a", "source": {"bytes": PDF}}}, B_TEXT)]},
    "blank": {"messages": [b_user({"text": " "})]},
    "blank system": {"system": [{"text": ""}]},
    "no text beside a document": {"messages": [b_user({"document": {"format": "pdf", "name": "a", "source": {"bytes": PDF}}})]},
    "name of a document": {"messages": [b_user({"document": {"format": "pdf", "name": "a.pdf", "source": {"bytes": PDF}}}, B_TEXT)]},
    "base64 with a blank": {"messages": [b_user({"image": {"format": "png", "source": {"bytes": PNG[:9] + " " + PNG[9:]}}})]},
    "wrong image": {"messages": [b_user({"image": {"format": "gif", "source": {"bytes": PNG}}})]},
    "temperature": {"inferenceConfig": {"temperature": 0.5}},
    "hot": {"inferenceConfig": {"temperature": 1.5}},
    "both": {"inferenceConfig": {"temperature": 0.5, "topP": 0.5}},
    "at the limit": {"inferenceConfig": {"maxTokens": 64_000}},
    "stops": {"inferenceConfig": {"stopSequences": ["\n"]}},
    "name of a tool": {"toolConfig": {"tools": [{"toolSpec": {"name": "a.b", "inputSchema": {"json": {"type": "object"}}}}]}},
    "two kinds of tool": {"toolConfig": {"tools": [{**POINT, "toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}}}]}},
    "no tools": {"toolConfig": {"tools": []}},
    "choice": {"toolConfig": {**B_TOOLS, "toolChoice": {"any": {}}}},
    "two choices": {"toolConfig": {**B_TOOLS, "toolChoice": {"any": {}, "auto": {}}}},
    "no tools, history": {"messages": [B_USER, B_CALL, b_user(b_result())]},
    "history": {"messages": [B_USER, B_CALL, b_user(b_result())], "toolConfig": B_TOOLS},
    "mixed": {"messages": [B_USER, B_CALL, b_user(B_TEXT, b_result())], "toolConfig": B_TOOLS},
    "no result": {"messages": [B_USER, B_CALL, B_USER], "toolConfig": B_TOOLS},
    "orphan": {"messages": [b_user(b_result())], "toolConfig": B_TOOLS},
    "error without content": {"messages": [B_USER, B_CALL, b_user(b_result(content=[], status="error"))], "toolConfig": B_TOOLS},
    "json that is none": {"messages": [B_USER, B_CALL, b_user(b_result(content=[{"json": [1]}]))], "toolConfig": B_TOOLS},
    "two users": {"messages": [B_USER, B_USER]},
    "assistant first": {"messages": [{"role": "assistant", "content": [B_TEXT]}, B_USER]},
    "assistant last": {"messages": [B_USER, {"role": "assistant", "content": [{"text": "It is "}]}]},
    "point first": {"messages": [b_user(POINT, B_TEXT)]},
    "two points": {"messages": [b_user(B_TEXT, POINT, POINT)]},
    "six points": {"messages": [b_user(*[B_TEXT, POINT] * 6)]},
    "point of a year": {"messages": [b_user(B_TEXT, {"cachePoint": {"type": "default", "ttl": "1y"}})]},
    "schema": {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object"}'}}}}},
    "closed schema": {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object","properties":{},"additionalProperties":false}'}}}}},
    "effort": {"outputConfig": {"effort": "high"}},
    "thinking": {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
    "tiny budget": {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 10}}},
    "topK": {"additionalModelRequestFields": {"topK": 5}},
    "top_k": {"additionalModelRequestFields": {"top_k": 5}},
    "citations": {"messages": [b_user({"document": {"format": "txt", "name": "a", "source": {"text": "b"}, "citations": {"enabled": True}}}, B_TEXT)]},
    "an image of the assistant's": {"messages": [B_USER, {"role": "assistant", "content": [{"image": {"format": "png", "source": {"bytes": PNG}}}]}, B_USER]},
    "a call of the user's": {"messages": [b_user(*B_BLOCKS)], "toolConfig": B_TOOLS},
    "metadata": {"requestMetadata": {"a": "b"}},
}  # fmt: skip
BASES: dict[str, dict[str, Any]] = {
    "openai": {"model": "m", "messages": [USER], "max_tokens": 3000},
    "anthropic": {"model": "m", "messages": [USER], "max_tokens": 3000},
    "converse": {"messages": [B_USER]},
}
BREACHES = {"openai": OPENAI, "anthropic": ANTHROPIC, "converse": CONVERSE}
ROWS = [(entrance, name) for entrance in ENTRANCES for name in BREACHES[entrance]]


def body_of(entrance: str, *names: str) -> dict[str, Any]:
    merged = dict(BASES[entrance])
    for name in names:
        merged |= BREACHES[entrance][name]
    return merged


@pytest.mark.parametrize(("entrance", "name"), ROWS, ids=[f"{entrance}: {name}" for entrance, name in ROWS])
def test_nothing_is_sent_that_bedrock_refuses(entrance, name):
    outcomes = {
        family: outcome(entrance, model_id, body_of(entrance, name)) for family, model_id in FAMILIES.items()
    }
    if name == "plain":
        assert set(outcomes.values()) == {"sent"}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_two_breaches_at_once(entrance):
    names = list(BREACHES[entrance])
    for first in names:
        for second in names:
            for family in ("claude-haiku-4-5", "claude-fable-5", "llama-3-3"):
                if first < second:
                    outcome(entrance, FAMILIES[family], body_of(entrance, first, second))
