"""The answer of InvokeModel for the Anthropic Messages body, whole and as a stream of events."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.caching import SimulatedUsage
from embedded.simulator.framing import encode_event
from embedded.simulator.reply_blocks import ReplyBlock, SimulatedReply
from embedded.simulator.turns import SimulatedTurn


def messages_response(reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn) -> bytes:
    """The body of an InvokeModel answer."""
    message = _message(reply, usage, turn)
    message["content"] = [_content(block) for block in reply.blocks]
    message["stop_reason"] = reply.stop_reason
    message["stop_sequence"] = reply.stop_sequence
    message["usage"] = _usage(usage) | reply.usage
    return orjson.dumps(message)


def headers(usage: SimulatedUsage, latency_ms: int) -> list[tuple[bytes, bytes]]:
    """The counts that InvokeModel answers beside the body."""
    return [
        (b"x-amzn-bedrock-input-token-count", str(usage.input).encode()),
        (b"x-amzn-bedrock-output-token-count", str(usage.output).encode()),
        (b"x-amzn-bedrock-invocation-latency", str(latency_ms).encode()),
    ]


def messages_frames(
    reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn, latencies_ms: tuple[int, int]
) -> Iterator[tuple[int, bytes]]:
    """The frames of a stream, each with the number of tokens generated before it.

    The latencies are those of the whole and of the first byte.
    """
    for done, event in message_events(reply, usage, turn):
        if event["type"] == "message_stop":
            event["amazon-bedrock-invocationMetrics"] = _metrics(usage, latencies_ms)
        yield done, _chunk(event)


def message_events(
    reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events of a stream as Anthropic has them, each with the number of tokens generated before it."""
    done = 0
    yield done, {"type": "message_start", "message": _message(reply, usage, turn)}
    for index, block in enumerate(reply.blocks):
        start = {"type": "content_block_start", "index": index, "content_block": _opening(block)}
        yield done, start
        for spent, delta in _deltas(block):
            yield done + spent, {"type": "content_block_delta", "index": index, "delta": delta}
        done += len(block.pieces)
        yield done, {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": reply.stop_reason, "stop_sequence": reply.stop_sequence}
    yield done, {"type": "message_delta", "delta": stop, "usage": {"output_tokens": usage.output}}
    yield done, {"type": "message_stop"}


def _chunk(event: dict[str, Any]) -> bytes:
    return encode_event(
        "chunk", orjson.dumps({"bytes": b64encode(orjson.dumps(event)).decode(), "p": "abcdefgh"})
    )


def _message(reply: SimulatedReply, usage: SimulatedUsage, turn: SimulatedTurn) -> dict[str, Any]:
    """The message as it is when it starts."""
    return {
        "model": turn.model.model_id.partition(".")[2].partition(":")[0] or turn.model_id,
        "id": reply.identifier("msg_bdrk_", 2),
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(usage) | {"output_tokens": 1},
    }


def _content(block: ReplyBlock) -> dict[str, Any]:
    if block.raw is not None:
        return _raw(block.raw)
    if block.is_reasoning:
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    if block.tool is None:
        return {"type": "text", "text": block.text}
    return {"type": "tool_use", "id": _tool_id(block), "name": block.tool, "input": block.input}


def _raw(content: dict[str, Any]) -> dict[str, Any]:
    """A script's block: in Anthropic's form as it is, of Converse's the texts and the calls."""
    if isinstance(content.get("text"), str) and "type" not in content:
        return {"type": "text", "text": content["text"]}
    call = content.get("toolUse")
    if isinstance(call, dict):
        return {
            "type": "tool_use",
            "id": call.get("toolUseId"),
            "name": call.get("name"),
            "input": call.get("input"),
        }
    hidden = content.get("reasoningContent")
    if isinstance(hidden, dict) and "redactedContent" in hidden:
        return {"type": "redacted_thinking", "data": hidden["redactedContent"]}
    return content


def _opening(block: ReplyBlock) -> dict[str, Any]:
    if block.raw is not None:
        return _raw(block.raw)
    if block.is_reasoning:
        return {"type": "thinking", "thinking": "", "signature": ""}
    if block.tool is None:
        return {"type": "text", "text": ""}
    return {"type": "tool_use", "id": _tool_id(block), "name": block.tool, "input": {}}


def _deltas(block: ReplyBlock) -> Iterator[tuple[int, dict[str, str]]]:
    """Each with the number of the block's tokens before it. A block of a script is whole when it starts."""
    is_empty = block.tool is not None and not any(block.pieces)
    for done, piece in enumerate(block.pieces if block.raw is None else ()):
        # A token that completes no character is generated, but nothing is sent for it; empty arguments are sent as such.
        if piece or is_empty:
            yield done, _delta(block, piece)
    if block.is_reasoning:
        yield len(block.pieces), {"type": "signature_delta", "signature": block.signature}


def _delta(block: ReplyBlock, piece: str) -> dict[str, str]:
    if block.is_reasoning:
        return {"type": "thinking_delta", "thinking": piece}
    if block.tool is None:
        return {"type": "text_delta", "text": piece}
    return {"type": "input_json_delta", "partial_json": piece}


def _tool_id(block: ReplyBlock) -> str:
    return block.tool_use_id.replace("tooluse_", "toolu_bdrk_")


def _usage(usage: SimulatedUsage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    }


def _metrics(usage: SimulatedUsage, latencies_ms: tuple[int, int]) -> dict[str, int]:
    metrics = {
        "inputTokenCount": usage.input,
        "outputTokenCount": usage.output,
        "invocationLatency": latencies_ms[0],
        "firstByteLatency": latencies_ms[1],
    }
    if usage.cached:
        metrics["cacheReadInputTokenCount"] = usage.cache_read
        metrics["cacheWriteInputTokenCount"] = usage.cache_write
    return metrics
