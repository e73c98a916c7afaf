"""PURE: a reply in Bedrock's own Converse: whole, as an event stream, or as an AWS exception.

What came in Converse's shape goes out in it: blocks of unknown kinds and what an answer says besides are passed on.
"""

from typing import Any

import orjson

from gateway.entrances.formats.aws_errors import exception_frame
from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Finished,
    Json,
    Raw,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.refusals import Refusal
from gateway.wire.eventstream import Frame, encode


def converse_answer(*, events: list[Event], finished: Finished) -> bytes:
    """The whole answer as Converse gives it."""
    answer = {
        "output": {"message": {"role": "assistant", "content": content_of(events)}},
        "stopReason": finished.stop_reason,
        "usage": usage_of(finished),
        "metrics": {"latencyMs": finished.latency_ms},
    }
    return orjson.dumps(answer | _response_fields(finished) | _extras(finished))


def content_of(events: list[Event]) -> list[Json]:
    """The blocks of a whole answer."""
    blocks: list[_Block] = []
    for event in events:
        if isinstance(event, BlockStop):
            if blocks:
                blocks[-1].is_open = False
            continue
        block = _Block(event)
        if not blocks or not blocks[-1].takes(block):
            blocks.append(block)
        blocks[-1].add(event)
    return [block.json() for block in blocks]


def arguments_of(text: str) -> Any:
    """What a tool is called with; nothing where the call was cut off by the bound, which the stop reason says, or it takes nothing."""
    try:
        return orjson.loads(text) or {}
    except orjson.JSONDecodeError:
        return {}


class _Block:
    """One block of a whole answer, put together from its events."""

    def __init__(self, event: Event) -> None:
        self.index: int = getattr(event, "index", 0)
        self.kind = _KINDS.get(type(event), "")
        self.is_open = True
        self._texts: list[str] = []
        self._signature = self._data = ""
        self._tool: Json = {}
        self._citations: list[Json] | None = None
        self._raw: Json = {}

    def takes(self, other: "_Block") -> bool:
        """Whether the first event of the other belongs to this one."""
        is_same = self.is_open and self.index == other.index and self.kind == other.kind
        return is_same and other.kind != "raw"

    def add(self, event: Event) -> None:
        match event:
            case TextDelta(_, text) | ToolDelta(_, text):
                self._texts.append(text)
            case ToolStart(_, tool_use_id, name):
                self._tool = {"toolUseId": tool_use_id, "name": name}
            case ReasoningDelta(_, text, signature, data):
                self._texts.append(text)
                self._signature += signature
                self._data += data
            case Citations(_, found):
                self._citations = (self._citations or []) + found
            case Raw(_, _, data):
                self._raw = data

    def json(self) -> Json:
        text = "".join(self._texts)
        match self.kind:
            case "raw":
                return self._raw
            case "tool":
                return {"toolUse": self._tool | {"input": arguments_of(text)}}
            case "reasoning" if self._data:
                return {"reasoningContent": {"redactedContent": self._data}}
            case "reasoning":
                signature = {"signature": self._signature} if self._signature else {}
                return {"reasoningContent": {"reasoningText": {"text": text} | signature}}
        if self._citations is None:
            return {"text": text}
        content: Json = {"content": [{"text": text}] if text else []}
        return {"citationsContent": content | ({"citations": self._citations} if self._citations else {})}


_KINDS: dict[type[Event], str] = {
    TextDelta: "text",
    Citations: "text",
    ToolStart: "tool",
    ToolDelta: "tool",
    ReasoningDelta: "reasoning",
    Raw: "raw",
}


def _response_fields(finished: Finished) -> Json:
    fields = None if finished.extras is None else finished.extras.response_fields
    return {} if fields is None else {"additionalModelResponseFields": fields}


def _extras(finished: Finished) -> Json:
    """What Bedrock says at the end besides."""
    if (extras := finished.extras) is None:
        return {}
    found = {
        "trace": extras.trace,
        "performanceConfig": extras.performance_config,
        "serviceTier": extras.service_tier,
    }
    return {name: value for name, value in found.items() if value is not None}


def usage_of(finished: Finished) -> Json:
    """What was used, as Converse says it."""
    used: Usage = finished.usage
    found: Json = {"inputTokens": used.input, "outputTokens": used.output, "totalTokens": used.total}
    writes = used.cache_write + used.cache_write_1h
    if used.cache_read or writes:
        found |= {"cacheReadInputTokens": used.cache_read, "cacheWriteInputTokens": writes}
    if finished.extras is not None and finished.extras.cache_details is not None:
        found["cacheDetails"] = finished.extras.cache_details
    return found


Step = tuple[str, Json]
"""An event of Converse's stream: its type, and what is in it."""
START: Step = ("messageStart", {"role": "assistant"})


def steps_of(event: Event) -> list[Step]:
    """What Converse's stream says of an event."""
    match event:
        case TextDelta(index, text):
            return [_delta(index, {"text": text})]
        case ToolStart(index, tool_use_id, name):
            start = {"toolUse": {"toolUseId": tool_use_id, "name": name}}
            return [("contentBlockStart", {"start": start, "contentBlockIndex": index})]
        case ToolDelta(index, arguments):
            return [_delta(index, {"toolUse": {"input": arguments}})]
        case ReasoningDelta(index, text, signature, data):
            pieces = {"text": text, "signature": signature, "redactedContent": data}
            return [
                _delta(index, {"reasoningContent": {name: piece}}) for name, piece in pieces.items() if piece
            ]
        case BlockStop(index):
            return [("contentBlockStop", {"contentBlockIndex": index})]
        case Citations(index, found):
            return [_delta(index, {"citation": each}) for each in found]
        case Raw(index, "start", data):
            return [("contentBlockStart", {"start": data, "contentBlockIndex": index})]
        case Raw(index, _, data):
            return [_delta(index, data)]
        case Finished():
            return _end(event)
    return []


class FrameWriter:
    """Writes the events of one reply as Converse's event stream."""

    def __init__(self) -> None:
        self._start = _frame(START)
        self._last: Event | None = None

    def start(self) -> bytes:
        rest, self._start = self._start, b""
        return rest

    def keep_alive(self) -> bytes:
        """The format has nothing for it, and clients stumble over events that they do not know (langchain-aws raises).

        So the first frame is sent byte by byte, of which a client sees nothing until it is whole; later it is an empty delta
        of the block that is open.
        """
        if self._start[1:]:
            piece, self._start = self._start[:1], self._start[1:]
            return piece
        match self._last:
            case TextDelta(index, _):
                return _frame(_delta(index, {"text": ""}))
            case ToolStart(index, _, _) | ToolDelta(index, _):
                return _frame(_delta(index, {"toolUse": {"input": ""}}))
            case ReasoningDelta(index, _, "", ""):
                return _frame(_delta(index, {"reasoningContent": {"text": ""}}))
        return b""

    def write(self, event: Event) -> bytes:
        self._last = event
        return b"".join(map(_frame, steps_of(event)))

    def error(self, refusal: Refusal) -> bytes:
        return exception_frame(refusal)


def _end(finished: Finished) -> list[Step]:
    stop = {"stopReason": finished.stop_reason} | _response_fields(finished)
    metadata = {"usage": usage_of(finished), "metrics": {"latencyMs": finished.latency_ms}} | _extras(
        finished
    )
    return [("messageStop", stop), ("metadata", metadata)]


def _delta(index: int, delta: dict[str, Any]) -> Step:
    return "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}


def _frame(step: Step) -> bytes:
    return encode(Frame("event", step[0], orjson.dumps(step[1])))
