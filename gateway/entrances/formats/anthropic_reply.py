"""PURE: a reply in Anthropic's words: whole, as server-sent events, or as an error. Source: the types of its SDK."""

from collections.abc import Callable, Iterator
from uuid import UUID

import orjson

from gateway.call import Call
from gateway.conversation import Json
from gateway.entrances.formats.anthropic_citations import anthropic_citation
from gateway.entrances.formats.converse_reply import arguments_of
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
from gateway.outbound.stop_reasons import words_of
from gateway.refusals import Refusal

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    422: "api_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_TYPES_BY_CODE = {"not_auditable": "api_error", "idempotency_key_reused": "invalid_request_error"}


def message(*, call_id: UUID, model: str, events: list[Event], finished: Finished) -> bytes:
    """The whole answer as a `message`."""
    content: list[Json] = []
    arguments: list[str] = []
    blocks = Blocks()
    for event in (*events, finished):
        for step in blocks.steps(event):
            match step["type"]:
                case "content_block_start":
                    content.append(step["content_block"])
                case "content_block_delta":
                    _add(content[-1], arguments, step["delta"])
                case "content_block_stop" if arguments:
                    content[-1]["input"] = arguments_of("".join(arguments))
                    arguments.clear()
    return orjson.dumps(
        _head(call_id, model, content) | _ending(finished) | {"usage": anthropic_usage(finished.usage)}
    )


def _add(block: Json, arguments: list[str], delta: Json) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case "input_json_delta":
            arguments.append(delta["partial_json"])


def _head(call_id: UUID, model: str, content: list[Json]) -> Json:
    return {
        "id": f"msg_{call_id.hex}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
    }


def _ending(finished: Finished) -> Json:
    """Why the answer ended, as Anthropic says it."""
    reason = words_of(finished.stop_reason).anthropic
    if reason == "refusal":
        explanation = "A rule for answers, or a guardrail, ended the answer."
        details = {"type": "refusal", "category": None, "explanation": explanation}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    return {"stop_reason": reason, "stop_sequence": finished.stop_sequence or None}


def anthropic_usage(used: Usage) -> Json:
    """Usage with cached tokens beside the others, as Anthropic does."""
    return {
        **_counts(used),
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.cache_write,
            "ephemeral_1h_input_tokens": used.cache_write_1h,
        },
    }


def _counts(used: Usage) -> Json:
    return {
        "input_tokens": used.input,
        "cache_creation_input_tokens": used.cache_write + used.cache_write_1h,
        "cache_read_input_tokens": used.cache_read,
        "output_tokens": used.output,
    }


def anthropic_error(refusal: Refusal, request_id: str | None) -> Json:
    """A refusal as Anthropic's error object, with our own `code`, which its SDKs do not look at."""
    kind = _TYPES_BY_CODE.get(refusal.code) or _ERROR_TYPES[refusal.status]
    found: Json = {"type": kind, "message": refusal.message, "code": refusal.code}
    if refusal.param is not None:
        found["param"] = refusal.param
    if refusal.param == "thread":  # by which Anthropic's SDK knows to go on without
        found["details"] = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    return {"type": "error", "error": found, "request_id": request_id}


class Blocks:
    """Turns the events of a reply into those of Anthropic's stream, in which one block after another opens and closes."""

    def __init__(self) -> None:
        self._number = -1
        self._open: tuple[int, str] | None = None
        """The block under way: its index at the model, and its type."""
        self._signature = ""
        self._data = ""

    def steps(self, event: Event) -> Iterator[Json]:
        """The events that follow from one."""
        match event:
            case TextDelta(index, text) if text:
                yield from self._enter(index, {"type": "text", "text": ""})
                yield self._delta({"type": "text_delta", "text": text})
            case ReasoningDelta(index, text, signature, data):
                if text or signature:
                    yield from self._enter(index, {"type": "thinking", "thinking": "", "signature": ""})
                if text:
                    yield self._delta({"type": "thinking_delta", "thinking": text})
                self._signature += signature
                if data:
                    yield from self._enter(index, {"type": "redacted_thinking"})
                    self._data += data
            case ToolStart(index, tool_use_id, name):
                yield from self._close()
                yield from self._enter(
                    index, {"type": "tool_use", "id": tool_use_id, "name": name, "input": {}}
                )
            case ToolDelta(index, arguments) if arguments and self._open == (index, "tool_use"):
                yield self._delta({"type": "input_json_delta", "partial_json": arguments})
            case Citations(index, found):
                for citation in found:
                    yield from self._enter(index, {"type": "text", "text": ""})
                    yield self._delta({"type": "citations_delta", "citation": anthropic_citation(citation)})
            case BlockStop(index) if self._open is not None and self._open[0] == index:
                yield from self._close()
            case Finished():
                yield from self._close()

    def _enter(self, index: int, block: Json) -> Iterator[Json]:
        if self._open == (index, block["type"]):
            return
        yield from self._close()
        self._open = (index, block["type"])
        if block["type"] != "redacted_thinking":  # which comes as one piece, when it ends
            yield self._start(block)

    def _close(self) -> Iterator[Json]:
        if self._open is None:
            return
        if self._data:
            yield self._start({"type": "redacted_thinking", "data": self._data})
        if self._signature:
            yield self._delta({"type": "signature_delta", "signature": self._signature})
        yield {"type": "content_block_stop", "index": self._number}
        self._open, self._signature, self._data = None, "", ""

    def _start(self, block: Json) -> Json:
        self._number += 1
        return {"type": "content_block_start", "index": self._number, "content_block": block}

    def _delta(self, delta: Json) -> Json:
        return {"type": "content_block_delta", "index": self._number, "delta": delta}


class EventWriter:
    """Writes the events of one reply as Anthropic's server-sent events."""

    def __init__(self, call: Call, encode: Callable[[Json], bytes] | None = None) -> None:
        self._call = call
        self._blocks = Blocks()
        self._has_started = False
        self._encode = encode or _sse

    def start(self) -> bytes:
        """The beginning. Its usage is the estimate: what is billed is known, and sent, at the end."""
        if self._has_started:
            return b""
        self._has_started = True
        head = _head(self._call.id, self._call.request.model, [])
        estimate = Usage(input=self._call.bounds.counted_input_tokens)
        ending = {"stop_reason": None, "stop_sequence": None, "usage": _counts(estimate)}
        return self._encode({"type": "message_start", "message": head | ending})

    def write(self, event: Event) -> bytes:
        """An event's bytes; empty for what Anthropic's streams do not show."""
        data = b"".join(map(self._encode, self._blocks.steps(event)))
        if isinstance(event, Finished):
            delta = {"type": "message_delta", "delta": _ending(event), "usage": _counts(event.usage)}
            data += self._encode(delta) + self._encode({"type": "message_stop"})
        return data

    def keep_alive(self) -> bytes:
        """As Anthropic's own API does it: a `ping`, which its SDKs pass over, after `message_start`."""
        return self.start() + self._encode({"type": "ping"})

    def error(self, refusal: Refusal) -> bytes:
        """An error after the stream has begun."""
        return _sse(anthropic_error(refusal, self._call.request.request_id))


def _sse(data: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
