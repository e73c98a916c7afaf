"""The answer of Converse, whole and as a stream of events."""

from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.caching import SimulatedUsage
from embedded.simulator.converse_blocks import block_content, block_frames, event_frame
from embedded.simulator.pointers import picked
from embedded.simulator.reply_blocks import SimulatedReply
from embedded.simulator.turns import SimulatedTurn


def converse_response(
    turn: SimulatedTurn, reply: SimulatedReply, usage: SimulatedUsage, latency_ms: int
) -> bytes:
    """The body of a Converse answer."""
    content = [block_content(block) for block in reply.blocks]
    return orjson.dumps(
        {
            "metrics": {"latencyMs": latency_ms},
            "output": {"message": {"content": content, "role": "assistant"}},
            "usage": _usage(reply, usage),
            **_stop(turn, reply, usage),
            **_trace(reply),
            **turn.echoed,
        }
    )


def frames(
    turn: SimulatedTurn, reply: SimulatedReply, usage: SimulatedUsage, latency_ms: int
) -> Iterator[tuple[int, bytes]]:
    """The frames of a stream, each with the number of tokens generated before it."""
    done = 0
    yield done, event_frame("messageStart", {"role": "assistant"})
    for index, block in enumerate(reply.blocks):
        for spent, frame in block_frames(index, block):
            yield done + spent, frame
        done += len(block.pieces)
        yield done, event_frame("contentBlockStop", {"contentBlockIndex": index})
    yield done, event_frame("messageStop", _stop(turn, reply, usage))
    metadata = {"metrics": {"latencyMs": latency_ms}, "usage": _usage(reply, usage)}
    yield done, event_frame("metadata", metadata | _trace(reply) | turn.echoed)


def _stop(turn: SimulatedTurn, reply: SimulatedReply, usage: SimulatedUsage) -> dict[str, Any]:
    if not turn.field_paths:
        return {"stopReason": reply.stop_reason}
    answer = {
        "id": reply.identifier("msg_bdrk_", 2),
        "type": "message",
        "role": "assistant",
        "model": turn.model.model_id,
        "stop_reason": reply.stop_reason,
        "stop_sequence": reply.stop_sequence,
        "usage": {"input_tokens": usage.input, "output_tokens": usage.output},
    }
    fields = picked(answer, turn.field_paths)
    return {"stopReason": reply.stop_reason, **({"additionalModelResponseFields": fields} if fields else {})}


def _trace(reply: SimulatedReply) -> dict[str, Any]:
    return {"trace": {"guardrail": reply.trace}} if reply.trace else {}


def _usage(reply: SimulatedReply, usage: SimulatedUsage) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.total,
    }
    if usage.cached:
        counts["cacheReadInputTokens"] = usage.cache_read
        counts["cacheWriteInputTokens"] = usage.cache_write
    if usage.cache_write:
        counts["cacheDetails"] = [{"ttl": usage.cache_lifetime, "inputTokens": usage.cache_write}]
    return counts | reply.usage
