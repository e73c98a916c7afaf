"""The answer of a chat completion, whole and as server-sent events. Source: the types of the `openai` SDK."""

from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.caching import SimulatedUsage
from embedded.simulator.direct.models import DirectModel
from embedded.simulator.reply_blocks import ReplyBlock, SimulatedReply
from embedded.simulator.turns import SimulatedTurn

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
}
_CREATED = 1_790_000_000
_SOURCES: list[dict[str, Any]] = [
    {"title": "A simulated page", "url": "https://example.com/page", "date": "2026-11-01", "snippet": "A simulated passage."},
    {"title": "Another one", "url": "https://example.org/other", "date": None, "snippet": ""},
]  # fmt: skip


def sse(data: Any) -> bytes:
    """An event without a name."""
    return b"data: " + (data if isinstance(data, bytes) else orjson.dumps(data)) + b"\n\n"


def chat_response(
    reply: SimulatedReply,
    usage: SimulatedUsage,
    turn: SimulatedTurn,
    model: DirectModel,
    body: dict[str, Any],
) -> bytes:
    """The whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in reply.blocks:
        text, call = _said(block)
        if call is not None:
            calls.append(_call(call, block, reply, len(calls)))
        elif text:
            texts.append(text)
    message["content"] = "".join(texts) or None
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(reply, turn)}
    answer = _head(reply, model, body, "chat.completion") | {
        "choices": [choice],
        "usage": _usage(usage, model),
    }
    return orjson.dumps(answer | _found(turn, model))


def chat_events(
    reply: SimulatedReply,
    usage: SimulatedUsage,
    turn: SimulatedTurn,
    model: DirectModel,
    body: dict[str, Any],
) -> Iterator[tuple[int, bytes]]:
    """The events of a stream, each with the number of tokens generated before it."""
    head = _head(reply, model, body, "chat.completion.chunk") | _found(turn, model)

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        return sse(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    done, calls = 0, 0
    yield done, chunk({"role": "assistant", "content": ""})
    yield done, b": keep-alive\n\n"
    for block in reply.blocks:
        text, call = _said(block)
        if call is not None:
            whole = _call(call, block, reply, calls) | {"index": calls}
            arguments = whole["function"]["arguments"]
            opening = {**whole, "function": {"name": whole["function"]["name"], "arguments": ""}}
            yield done, chunk({"tool_calls": [opening]})
            for piece in block.pieces if block.raw is None else [arguments]:
                if piece:
                    yield done, chunk({"tool_calls": [{"index": calls, "function": {"arguments": piece}}]})
                done += 1
            calls += 1
            continue
        for piece in block.pieces if block.raw is None else [text]:
            if piece:
                yield done, chunk({"content": piece})
            done += 1
    is_asked = bool((body.get("stream_options") or {}).get("include_usage"))
    counts = {"usage": _usage(usage, model)}
    if turn.region == "perplexity":
        yield (
            done,
            sse(
                head
                | counts
                | {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": _reason(reply, turn)}]}
            ),
        )
    else:
        yield done, chunk({}, _reason(reply, turn))
        if is_asked:
            yield done, sse(head | counts | {"choices": []})
    yield done, sse(b"[DONE]")


def _said(block: ReplyBlock) -> tuple[str, dict[str, Any] | None]:
    """The text of a block, or the call of a tool that it is."""
    if block.raw is not None:
        call = block.raw.get("toolUse")
        return str(block.raw.get("text") or ""), call if isinstance(call, dict) else None
    if block.tool is not None:
        return "", {"name": block.tool, "toolUseId": block.tool_use_id, "input": None}
    return "" if block.is_reasoning else block.text, None


def _call(call: dict[str, Any], block: ReplyBlock, reply: SimulatedReply, number: int) -> dict[str, Any]:
    arguments = block.text if block.raw is None else orjson.dumps(call.get("input") or {}).decode()
    call_id = call.get("toolUseId") if block.raw is not None else reply.identifier("call_", 10 + number)
    return {"id": call_id, "type": "function", "function": {"name": call["name"], "arguments": arguments}}


def _reason(reply: SimulatedReply, turn: SimulatedTurn) -> str:
    if reply.stop_reason == "tool_use" and isinstance(turn.tool_choice, tuple):
        return "stop"  # where a function was named (OpenAI API docs: Function calling)
    return _REASONS.get(reply.stop_reason, reply.stop_reason)


def _head(reply: SimulatedReply, model: DirectModel, body: dict[str, Any], kind: str) -> dict[str, Any]:
    head = {"id": reply.identifier("chatcmpl-", 3), "object": kind, "created": _CREATED, "model": model.name}
    tier = body.get("service_tier")
    return head | ({"service_tier": "default" if tier == "auto" else tier} if tier else {})


def _found(turn: SimulatedTurn, model: DirectModel) -> dict[str, Any]:
    if turn.region != "perplexity":
        return {}
    return {"citations": [each["url"] for each in _SOURCES], "search_results": _SOURCES}


def _usage(usage: SimulatedUsage, model: DirectModel) -> dict[str, Any]:
    prompt = usage.input + usage.cache_read + usage.cache_write
    counts: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
    }
    if model.model.vendor == "Perplexity":
        return counts | {"search_context_size": "low"}
    details = {"cached_tokens": usage.cache_read, "audio_tokens": 0}
    if model.writes_cache:
        details["cache_write_tokens"] = usage.cache_write
    return counts | {"prompt_tokens_details": details, "completion_tokens_details": {"reasoning_tokens": 0}}
