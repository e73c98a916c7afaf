"""The answer of Converse, whole and as a stream of events."""

from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.caching import SimulatedUsage
from embedded.simulator.framing import encode_event
from embedded.simulator.replies import ReplyBlock, SimulatedReply

# Bedrock pads deltas to hide the length of what they carry; clients must overlook the field.
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"


def converse_response(reply: SimulatedReply, usage: SimulatedUsage, latency_ms: int) -> bytes:
    """The body of a Converse answer."""
    content = [_content(block) for block in reply.blocks]
    return orjson.dumps(
        {
            "metrics": {"latencyMs": latency_ms},
            "output": {"message": {"content": content, "role": "assistant"}},
            "usage": _usage(usage),
            **_stop(reply),
        }
    )


def _stop(reply: SimulatedReply) -> dict[str, Any]:
    if not reply.tells_stop_sequence:
        return {"stopReason": reply.stop_reason}
    fields = {"stop_sequence": reply.stop_sequence}
    return {"stopReason": reply.stop_reason, "additionalModelResponseFields": fields}


def frames(reply: SimulatedReply, usage: SimulatedUsage, latency_ms: int) -> Iterator[tuple[int, bytes]]:
    """The frames of a stream, each with the number of tokens generated before it."""
    done = 0
    yield done, _frame("messageStart", {"role": "assistant"})
    for index, block in enumerate(reply.blocks):
        if block.tool is not None:
            start = {"toolUse": {"name": block.tool, "toolUseId": block.tool_use_id}}
            yield done, _frame("contentBlockStart", {"contentBlockIndex": index, "start": start})
        for piece in block.pieces:
            if piece:  # a token that completes no character is generated, but nothing is sent for it
                yield done, _delta(index, _piece(block, piece), len(piece))
            done += 1
        if block.is_reasoning:
            yield done, _delta(index, {"reasoningContent": {"signature": block.signature}}, 0)
        yield done, _frame("contentBlockStop", {"contentBlockIndex": index})
    yield done, _frame("messageStop", _stop(reply))
    yield done, _frame("metadata", {"metrics": {"latencyMs": latency_ms}, "usage": _usage(usage)})


def _piece(block: ReplyBlock, piece: str) -> dict[str, Any]:
    if block.is_reasoning:
        return {"reasoningContent": {"text": piece}}
    return {"text": piece} if block.tool is None else {"toolUse": {"input": piece}}


def _delta(index: int, delta: dict[str, Any], length: int) -> bytes:
    payload = {"contentBlockIndex": index, "delta": delta, "p": _PADDING[: len(_PADDING) - length % 32]}
    return encode_event("contentBlockDelta", orjson.dumps(payload))


def _frame(event_type: str, payload: dict[str, Any]) -> bytes:
    return encode_event(event_type, orjson.dumps(payload | {"p": _PADDING[:16]}))


def _content(block: ReplyBlock) -> dict[str, Any]:
    if block.is_reasoning:
        return {"reasoningContent": {"reasoningText": {"text": block.text, "signature": block.signature}}}
    if block.tool is None:
        return {"text": block.text}
    return {"toolUse": {"input": block.input, "name": block.tool, "toolUseId": block.tool_use_id}}


def _usage(usage: SimulatedUsage) -> dict[str, int]:
    counts = {"inputTokens": usage.input, "outputTokens": usage.output, "totalTokens": usage.total}
    if usage.cached:
        counts["cacheReadInputTokens"] = usage.cache_read
        counts["cacheWriteInputTokens"] = usage.cache_write
    return counts
