"""PURE: a reply in Bedrock's own Converse: whole, as an event stream, or as an AWS exception.

What came in Converse's shape goes out in it: blocks of unknown kinds and what an answer says besides are passed on.
"""

from typing import Any

import orjson

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

_ERROR_TYPES = {
    "not_found": "UnknownOperationException",
    "model_not_found": "ResourceNotFoundException",
    "prompt_not_found": "ResourceNotFoundException",
    "contract_failed": "ModelErrorException",
    "invalid_api_key": "UnrecognizedClientException",
    "upstream_throttled": "ThrottlingException",
    "upstream_timeout": "ModelTimeoutException",
    "upstream_error": "InternalServerException",
}
_BY_STATUS = {
    402: "ServiceQuotaExceededException",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_PASSED_ON = frozenset(
    {"InternalServerException", "ServiceUnavailableException", "ModelErrorException", "ModelStreamErrorException",
     "ModelTimeoutException", "ModelNotReadyException", "ThrottlingException"}
)  # fmt: skip
"""Bedrock's own that a caller may know how to take."""
_IN_STREAMS = {
    "ThrottlingException": "throttlingException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ModelErrorException": "modelStreamErrorException",
    "ModelStreamErrorException": "modelStreamErrorException",
    "ModelTimeoutException": "modelStreamErrorException",
    "ModelNotReadyException": "modelStreamErrorException",
    "InternalServerException": "internalServerException",
}
"""The five that a stream knows; what the caller can mend is a validationException."""


def converse_error_type(refusal: Refusal) -> str:
    """The AWS exception that a refusal is told as."""
    if refusal.is_upstream and refusal.exception in _PASSED_ON:
        return refusal.exception
    if not refusal.was_asked:
        return "ServiceUnavailableException"
    return _ERROR_TYPES.get(refusal.code) or _BY_STATUS.get(refusal.status, "ValidationException")


def converse_error(refusal: Refusal) -> dict[str, Any]:
    return {"message": refusal.message, "code": refusal.code}


def converse_answer(*, events: list[Event], finished: Finished) -> bytes:
    """The whole answer as Converse gives it."""
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
    answer = {
        "output": {"message": {"role": "assistant", "content": [block.json() for block in blocks]}},
        "stopReason": finished.stop_reason,
        "usage": _usage(finished),
        "metrics": {"latencyMs": finished.latency_ms},
    }
    return orjson.dumps(answer | _response_fields(finished) | _extras(finished))


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
                return {"toolUse": self._tool | {"input": orjson.loads(text or "{}")}}
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


def _usage(finished: Finished) -> Json:
    used: Usage = finished.usage
    found: Json = {"inputTokens": used.input, "outputTokens": used.output, "totalTokens": used.total}
    writes = used.cache_write + used.cache_write_1h
    if used.cache_read or writes:
        found |= {"cacheReadInputTokens": used.cache_read, "cacheWriteInputTokens": writes}
    if finished.extras is not None and finished.extras.cache_details is not None:
        found["cacheDetails"] = finished.extras.cache_details
    return found


class FrameWriter:
    """Writes the events of one reply as Converse's event stream."""

    def __init__(self) -> None:
        self._start = _frame("messageStart", {"role": "assistant"})
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
                return _delta(index, {"text": ""})
            case ToolStart(index, _, _) | ToolDelta(index, _):
                return _delta(index, {"toolUse": {"input": ""}})
            case ReasoningDelta(index, _, "", ""):
                return _delta(index, {"reasoningContent": {"text": ""}})
        return b""

    def write(self, event: Event) -> bytes:
        self._last = event
        match event:
            case TextDelta(index, text):
                return _delta(index, {"text": text})
            case ToolStart(index, tool_use_id, name):
                start = {"toolUse": {"toolUseId": tool_use_id, "name": name}}
                return _frame("contentBlockStart", {"start": start, "contentBlockIndex": index})
            case ToolDelta(index, arguments):
                return _delta(index, {"toolUse": {"input": arguments}})
            case ReasoningDelta(index, text, signature, data):
                pieces = {"text": text, "signature": signature, "redactedContent": data}
                return b"".join(
                    _delta(index, {"reasoningContent": {name: piece}})
                    for name, piece in pieces.items()
                    if piece
                )
            case BlockStop(index):
                return _frame("contentBlockStop", {"contentBlockIndex": index})
            case Citations(index, found):
                return b"".join(_delta(index, {"citation": each}) for each in found)
            case Raw(index, "start", data):
                return _frame("contentBlockStart", {"start": data, "contentBlockIndex": index})
            case Raw(index, _, data):
                return _delta(index, data)
            case Finished():
                return _end(event)
        return b""

    def error(self, refusal: Refusal) -> bytes:
        """An exception frame, as Bedrock ends a stream that failed. A stream knows five of them."""
        name = converse_error_type(refusal)
        if refusal.code == "upstream_error" and not refusal.exception:
            name = "ModelStreamErrorException"  # the answer broke off
        kind = _IN_STREAMS.get(name, "validationException")
        return encode(Frame("exception", kind, orjson.dumps({"message": refusal.message})))


def _end(finished: Finished) -> bytes:
    stop = {"stopReason": finished.stop_reason} | _response_fields(finished)
    metadata = {"usage": _usage(finished), "metrics": {"latencyMs": finished.latency_ms}} | _extras(finished)
    return _frame("messageStop", stop) + _frame("metadata", metadata)


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return _frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": index})


def _frame(event_type: str, payload: dict[str, Any]) -> bytes:
    return encode(Frame("event", event_type, orjson.dumps(payload)))
