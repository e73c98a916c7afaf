"""Blocks of a Converse answer: as they stand in a whole one, and as the events they are streamed in."""

from collections.abc import Iterator
from typing import Any

import orjson

from embedded.simulator.framing import encode_event
from embedded.simulator.reply_blocks import ReplyBlock

# Bedrock pads deltas to hide the length of what they carry; clients must overlook the field.
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"


def event_frame(event_type: str, payload: dict[str, Any]) -> bytes:
    """An event other than a delta."""
    return encode_event(event_type, orjson.dumps(payload | {"p": _PADDING[:16]}))


def block_content(block: ReplyBlock) -> dict[str, Any]:
    """A block of a whole answer."""
    if block.raw is not None:
        return block.raw
    if block.is_reasoning:
        return {"reasoningContent": {"reasoningText": {"text": block.text, "signature": block.signature}}}
    if block.citations:
        return {"citationsContent": {"content": [{"text": block.text}], "citations": block.citations}}
    if block.tool is None:
        return {"text": block.text}
    return {"toolUse": {"input": block.input, "name": block.tool, "toolUseId": block.tool_use_id}}


def block_frames(index: int, block: ReplyBlock) -> Iterator[tuple[int, bytes]]:
    """The events of a block but its stop, each with the number of the block's tokens generated before it.

    A text has no start. The sources of a text with citations come as deltas behind it.
    """
    if block.raw is not None:
        start, deltas = raw_events(block.raw)
        if start is not None:
            yield 0, event_frame("contentBlockStart", {"contentBlockIndex": index, "start": start})
        for delta in deltas:
            yield len(block.pieces), _delta(index, delta, 0)
        return
    if block.tool is not None:
        start = {"toolUse": {"name": block.tool, "toolUseId": block.tool_use_id}}
        yield 0, event_frame("contentBlockStart", {"contentBlockIndex": index, "start": start})
    is_empty = block.tool is not None and not any(block.pieces)
    for done, piece in enumerate(block.pieces):
        # A token that completes no character is generated, but nothing is sent for it; empty arguments are sent as such.
        if piece or is_empty:
            yield done, _delta(index, _piece(block, piece), len(piece))
    if block.is_reasoning:
        yield len(block.pieces), _delta(index, {"reasoningContent": {"signature": block.signature}}, 0)
    for citation in block.citations:
        yield len(block.pieces), _delta(index, {"citation": citation}, 0)


def raw_events(content: dict[str, Any]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """What starts a block of any kind, if anything does, and its deltas. One of an unknown kind is its own delta."""
    kind, value = next(iter(content.items()), ("", None))
    if not isinstance(value, dict):
        return None, [content]
    if kind == "toolUse":
        start = {name: value[name] for name in ("toolUseId", "name", "type") if name in value}
        said = value.get("input", {})
        text = said if isinstance(said, str) else orjson.dumps(said).decode() if said else ""
        return {kind: start}, [{kind: {"input": text}}]
    if kind == "toolResult":
        start = {name: value[name] for name in ("toolUseId", "type", "status") if name in value}
        return {kind: start}, [{kind: value.get("content", [])}]
    if kind == "image":
        start = {"format": value.get("format", "png")}
        return {kind: start}, [{kind: {name: held for name, held in value.items() if name != "format"}}]
    if kind == "reasoningContent":
        return None, _reasoning_deltas(value)
    if kind == "citationsContent":
        texts: list[dict[str, Any]] = [
            {"text": part["text"]} for part in value.get("content", []) if "text" in part
        ]
        return None, texts + [{"citation": citation} for citation in value.get("citations", [])]
    return None, [content]


def _reasoning_deltas(value: dict[str, Any]) -> list[dict[str, Any]]:
    said = value.get("reasoningText")
    if not isinstance(said, dict):
        return [{"reasoningContent": value}]
    return [{"reasoningContent": {name: said[name]}} for name in ("text", "signature") if name in said]


def _piece(block: ReplyBlock, piece: str) -> dict[str, Any]:
    if block.is_reasoning:
        return {"reasoningContent": {"text": piece}}
    return {"text": piece} if block.tool is None else {"toolUse": {"input": piece}}


def _delta(index: int, delta: dict[str, Any], length: int) -> bytes:
    payload = {"contentBlockIndex": index, "delta": delta, "p": _PADDING[: len(_PADDING) - length % 32]}
    return encode_event("contentBlockDelta", orjson.dumps(payload))
