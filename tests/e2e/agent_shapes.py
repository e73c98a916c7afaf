"""Requests as coding agents send them: members, kinds of blocks, lengths of texts and headers are theirs, the words are our own.

Captured from Claude Code 2.1.197 and 2.1.332, Codex 0.171.0 and opencode 1.18.33 with their defaults.
"""

import json
from typing import Any

Json = dict[str, Any]
SESSION = "5e0b5a43-6e4b-4f0a-93a5-2ad7b1f0c001"
DEVICE = "d" * 64
EPHEMERAL = {"type": "ephemeral"}
_WORDS = "the small gate opens when the keeper has seen the seal and written down who came and what was carried through "
KEPT = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}


def words(length: int) -> str:
    """A text of so many characters."""
    return (_WORDS * (length // len(_WORDS) + 1))[:length]


def text(content: str | int, *, cached: bool = False, **members: Any) -> Json:
    written = words(content) if isinstance(content, int) else content
    return {"type": "text", "text": written, **({"cache_control": EPHEMERAL} if cached else {}), **members}


def tools(count: int, *, size: int, deferred: int = 0) -> list[Json]:
    """So many tools of about so many bytes together; the last ones have `defer_loading`."""
    made = []
    for number in range(count):
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": False,
            "properties": {"path": {"type": "string", "description": words(80)}, "limit": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9007199254740991},
                           "mode": {"enum": ["a", "b"], "type": "string"}, "more": {"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": {}}},
            "required": ["path"],
        }  # fmt: skip
        name = "Read" if number == 0 else f"Tool{number}"
        tool = {
            "name": name,
            "description": words(max(20, size // count - len(json.dumps(schema)) - 60)),
            "input_schema": schema,
        }
        made.append(tool | ({"defer_loading": True} if number >= count - deferred else {}))
    return made


def billing(last: str = "423") -> str:
    """The block that differs in each conversation."""
    return f"x-anthropic-billing-header: cc_version=2.1.197.{last}; cc_entrypoint=sdk;"


def claude_metadata() -> Json:
    told = {"device_id": DEVICE, "account_uuid": "", "session_id": SESSION}
    return {"user_id": json.dumps(told)}


CLAUDE_BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,thinking-token-count-2026-05-13,context-management-2025-06-27"
OLD_BETAS = f"{CLAUDE_BETAS},context-1m-2025-08-07,prompt-caching-scope-2026-01-05,mid-conversation-system-2026-04-07,effort-2025-11-24"
NEW_BETAS = f"{CLAUDE_BETAS},per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,advanced-tool-use-2025-11-20,effort-2025-11-24"


def claude_headers(betas: str) -> dict[str, str]:
    return {
        "anthropic-version": "2023-06-01", "anthropic-beta": betas, "x-app": "cli", "X-Claude-Code-Session-Id": SESSION,
        "X-Stainless-Timeout": "600", "accept-encoding": "gzip, deflate, br, zstd", "user-agent": "claude-cli/2.1.332 (external, sdk-cli)",
    }  # fmt: skip


def claude_old(model: str = "claude-opus-4-8", **members: Any) -> Json:
    """2.1.197: 76,617 bytes, a system message amid the messages."""
    return {
        "model": model, "max_tokens": 64000, "stream": True, "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"},
        "context_management": KEPT, "metadata": claude_metadata(),
        "system": [text(billing()), text(62, cached=True), text(5972, cached=True)],
        "messages": [{"role": "user", "content": [text(306), text("say hi", cached=True)]}, {"role": "system", "content": words(6062)}],
        "tools": tools(24, size=62_000),
    } | members  # fmt: skip


def claude_small(model: str) -> Json:
    """2.1.197 for sonnet 4.5 and haiku: a budget for thinking just under `max_tokens`, no effort, no message amid."""
    body = claude_old(model, max_tokens=32000, thinking={"type": "enabled", "budget_tokens": 31999})
    del body["output_config"], body["messages"][1:]
    return body


def claude_new(model: str = "claude-opus-5-5", **members: Any) -> Json:
    """2.1.332: three blocks in a message, 12 tools some of them deferred, the effort again on the system message amid them."""
    amid = {"role": "system", "content": [text(9206, cached=True)], "output_config": {"effort": "medium"}}
    return {
        "model": model, "max_tokens": 128000, "stream": True, "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "medium"}, "context_management": KEPT, "metadata": claude_metadata(),
        "system": [text(billing("2c6")), text(62, cached=True), text(5798, cached=True)],
        "messages": [{"role": "user", "content": [text(555), text(580), text("say hi")]}, amid],
        "tools": tools(12, size=32_000, deferred=3),
    } | members  # fmt: skip


def claude_wide() -> Json:
    """What 2.1.332 repeats a refused request as: 25 tools, none deferred, 127,434 bytes, no `display`."""
    return claude_new(
        "claude-opus-4-8", max_tokens=32000, thinking={"type": "adaptive"}, tools=tools(25, size=107_000)
    )


def claude_next(body: Json, thought: list[Json]) -> Json:
    """The next step of its loop: the thought that came, with its signature, two calls at once, one of which failed."""
    uses = [
        {"type": "tool_use", "id": f"toolu_{n}", "name": "Read", "input": {"path": f"{n}.txt"}}
        for n in (1, 2)
    ]
    results = [{"type": "tool_result", "tool_use_id": use["id"], "content": "No such file."} for use in uses]
    results[0] |= {"is_error": True}
    results[1] |= {"content": [text("12 lines")], "cache_control": EPHEMERAL}
    turn = [*thought, text("I read both."), *uses]
    added = [{"role": "assistant", "content": turn}, {"role": "user", "content": results}]
    return body | {"messages": [*body["messages"], *added]}


def claude_compaction(body: Json, thought: list[Json]) -> Json:
    """A summary of a long session: its calls are in the history, no tool is offered, the last turn asks for a text."""
    asked = {"role": "user", "content": [text(5200), text("Summarize.", cached=True)]}
    history = claude_next(body, thought)["messages"]
    done = {"role": "assistant", "content": [text("Both are read.")]}
    summary = {
        **body,
        "messages": [*history, done, asked],
        "max_tokens": 20000,
        "thinking": {"type": "disabled"},
    }
    summary.pop("tools")
    return summary


CLAUDE_PROBED = [
    f"us.anthropic.claude-{name}" for name in (
        "opus-5-5", "opus-5", "opus-4-8", "opus-4-7", "opus-4-6-v1", "opus-4-5-20251101-v1:0", "opus-4-1-20250805-v1:0",
        "opus-4-20250514-v1:0", "sonnet-4-5-20250929-v1:0", "sonnet-4-20250514-v1:0", "3-7-sonnet-20250219-v1:0",
        "3-5-sonnet-20241022-v2:0", "haiku-4-5-20251001-v1:0", "3-5-haiku-20241022-v1:0",
    )
]  # fmt: skip


def claude_probe(*, old: bool = False) -> Json:
    body: Json = {"max_tokens": 1, "messages": [{"role": "user", "content": "."}], "anthropic_version": "bedrock-2023-05-31"}  # fmt: skip
    return body if old else body | {"system": [text(74), text(57)], "metadata": claude_metadata()}


def claude_bedrock(body: Json) -> Json:
    """The same by InvokeModel: betas in the body, no model and no stream, no context edits."""
    kept = {k: v for k, v in body.items() if k not in ("model", "stream", "context_management")}
    messages = [{k: v for k, v in each.items() if k != "output_config"} for each in body["messages"]]
    betas = [
        "interleaved-thinking-2025-05-14",
        "tool-search-tool-2025-10-19",
        "thinking-token-count-2026-05-13",
    ]
    return kept | {"anthropic_version": "bedrock-2023-05-31", "anthropic_beta": betas, "messages": messages}


def _message(role: str, *lengths: int | str) -> Json:
    parts = [
        {"type": "input_text", "text": words(each) if isinstance(each, int) else each} for each in lengths
    ]
    return {"type": "message", "id": f"msg_{role}_{len(parts)}", "role": role, "content": parts}


def codex(**members: Any) -> Json:
    """40,583 bytes; tools of its own kinds among the functions."""

    def function(name: str) -> Json:
        schema = tools(1, size=2_600)[0]
        return {"type": "function", "name": name, "description": schema["description"], "strict": False, "parameters": schema["input_schema"]}  # fmt: skip

    spaced = [function(name) for name in ("spawn_agent", "wait_agent")]
    return {
        "model": "claude-haiku-4-5", "stream": True, "store": False, "tool_choice": "auto", "parallel_tool_calls": True,
        "reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"], "prompt_cache_key": SESSION,
        "client_metadata": {"x-codex-installation-id": SESSION},
        "input": [_message("developer", 16_979), _message("developer", 2_127, 341), _message("user", 417), _message("user", "say hi")],
        "tools": [*(function(name) for name in ("exec_command", "write_stdin", "view_image", "update_plan")),
                  {"type": "namespace", "name": "multi_agent_v1", "description": words(80), "tools": spaced},
                  {"type": "web_search", "external_web_access": False}],
    } | members  # fmt: skip


def codex_next(output: list[Json]) -> Json:
    """The next step: what came is sent again, each call with its output."""
    body = codex()
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "Exit code: 0"}
        for item in output
        if item["type"] == "function_call"
    ]
    return body | {"input": [*body["input"], *output, *results]}


CODEX_HEADERS = {
    "accept": "text/event-stream", "originator": "codex_exec", "session-id": SESSION, "thread-id": SESSION,
    "x-client-request-id": SESSION, "x-codex-turn-metadata": json.dumps({"session_id": SESSION}), "accept-encoding": "zstd,gzip",
}  # fmt: skip


def opencode(*, title: bool = False) -> Json:
    """A title request, then the main one of 30,521 bytes, with marks of the cache in the place that OpenRouter has for them."""
    marked = {"cache_control": EPHEMERAL}
    first = {"role": "system", "content": words(9_266), **marked}
    body: Json = {"model": "claude-sonnet-4-5", "max_tokens": 32000, "stream": True, "stream_options": {"include_usage": True}}  # fmt: skip
    if title:
        asks = [{"role": "user", "content": words(60)}, {"role": "user", "content": "say hi", **marked}]
        return body | {"messages": [{"role": "system", "content": words(1_800), **marked}, *asks]}
    functions = [
        {"type": "function", "function": {"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]}}
        for tool in tools(10, size=20_600)
    ]  # fmt: skip
    messages = [first, {"role": "user", "content": "say hi", **marked}]
    return body | {"messages": messages, "tools": functions, "tool_choice": "auto"}


OPENCODE_HEADERS = {"x-session-id": "ses_1", "x-session-affinity": "ses_1", "user-agent": "opencode/1.18.33"}
