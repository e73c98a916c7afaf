"""PURE: a reply in OpenAI's words: whole, as chunks, or as an error."""

from collections.abc import Iterable, Set
from typing import Any
from uuid import UUID

import orjson

from gateway.entrances.formats.told import Annotations, Teller
from gateway.events import BlockStop, Event, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.outbound.stop_reasons import words_of
from gateway.refusals import Refusal

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "budget_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_CALLERS_OWN = (404, 405, 409, 413, 415)
_REUSED_KEY = ("idempotency_key_reused",)
"""Statuses of requests that can't be answered as they are. 422 is of an answer that keeps no contract, or of a key that came
with another request."""


SSE_COMMENT = b": keep-alive\n\n"
"""A comment of server-sent events, which clients pass over (WHATWG HTML, section 9.2.6)."""


def completion(
    *,
    call_id: UUID,
    created: int,
    model: str,
    events: list[Event],
    finished: Finished,
    custom_tools: Set[str] = frozenset(),
) -> bytes:
    """The whole answer as a `chat.completion`."""
    thoughts = thinking_blocks(events)
    events = told(events)
    text = [event.text for event in events if isinstance(event, TextDelta)]
    reasoning = [event.text for event in events if isinstance(event, ReasoningDelta)]
    calls = [_custom_call(call) if _name(call) in custom_tools else call for call in _tool_calls(events)]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(text) or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if annotations := [each for event in events if isinstance(event, Annotations) for each in event.found]:
        message["annotations"] = annotations
    if any(reasoning):
        message["reasoning_content"] = "".join(reasoning)
    if thoughts:
        message["thinking_blocks"] = thoughts
    return orjson.dumps(
        {
            "id": f"chatcmpl-{call_id.hex}",
            "object": "chat.completion",
            "created": created,
            "model": model,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(finished)}
            ],
            "usage": openai_usage(finished.usage),
        }
    )


def thinking_blocks(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Reasoning with what proves it the model's own, for the caller to send back; LiteLLM's form, as OpenAI has none."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        if type(event) is not ReasoningDelta:
            continue
        if event.data:
            found[event.index] = {"type": "redacted_thinking", "data": event.data}
            continue
        block = found.setdefault(event.index, {"type": "thinking", "thinking": "", "signature": ""})
        block["thinking"] += event.text
        block["signature"] += event.signature
    return [block for block in found.values() if block.get("signature", True)]


def _name(call: dict[str, Any]) -> str:
    name: str = call["function"]["name"]
    return name


def _custom_call(call: dict[str, Any]) -> dict[str, Any]:
    """The call of a tool that takes free text."""
    custom = {"name": _name(call), "input": free_text(call["function"]["arguments"])}
    return {"id": call["id"], "type": "custom", "custom": custom}


def free_text(arguments: str) -> str:
    """The text in the arguments of a custom tool; the arguments themselves where the model kept to no form."""
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) else arguments


def told(events: list[Event]) -> list[Event]:
    """The events of a whole answer in OpenAI's kinds."""
    teller = Teller()
    ended = {event.index for event in events if isinstance(event, BlockStop)}
    open_tools = {event.index for event in events if isinstance(event, ToolStart)} - ended
    return [each for event in (*events, *map(BlockStop, sorted(open_tools))) for each in teller.feed(event)]


def tool_calls(events: list[Event]) -> list[dict[str, Any]]:
    """The tools that the model asks for, with their arguments as JSON texts."""
    return _tool_calls(told(events))


def _tool_calls(events: list[Event]) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, ToolStart):
            function = {"name": event.name, "arguments": ""}
            calls.append({"id": event.tool_use_id, "type": "function", "function": function})
        elif isinstance(event, ToolDelta):
            calls[-1]["function"]["arguments"] += event.arguments
    return calls


def finish_reason(finished: Finished) -> str:
    """Why the answer ended, as OpenAI says it."""
    return words_of(finished.stop_reason).openai


def openai_usage(used: Usage) -> dict[str, Any]:
    """Usage with cached tokens counted among the prompt's, as OpenAI does."""
    return {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.output,
        "total_tokens": used.total,
        "prompt_tokens_details": {
            "cached_tokens": used.cache_read,
            "cache_write_tokens": used.cache_write + used.cache_write_1h,
        },
    }


def openai_error(refusal: Refusal) -> dict[str, Any]:
    """A refusal as OpenAI's error object."""
    is_callers_own = refusal.status in _CALLERS_OWN or refusal.code in _REUSED_KEY
    by_class = "invalid_request_error" if is_callers_own else "api_error"
    kind = _ERROR_TYPES.get(refusal.status, by_class)
    return {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}}


class ChunkWriter:
    """Writes the events of one reply as server-sent `chat.completion.chunk`s."""

    def __init__(
        self,
        *,
        call_id: UUID,
        created: int,
        model: str,
        include_usage: bool,
        custom_tools: Set[str] = frozenset(),
    ) -> None:
        self._custom_tools = custom_tools
        self._free: list[str] | None = None
        """The arguments so far of a custom tool's call, whose text is sent when it is whole."""
        self._thoughts: list[ReasoningDelta] = []
        self._include_usage = include_usage
        self._tools = -1
        self._teller = Teller()
        # All but the delta is the same in every chunk, so it is encoded once.
        head = {
            "id": f"chatcmpl-{call_id.hex}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        self._head = b"data: " + orjson.dumps(head)[:-1]
        self._usage_null = b',"usage":null' if include_usage else b""
        self._before_text = self._head + b',"choices":[{"index":0,"delta":{"content":'
        self._after_text = b'},"logprobs":null,"finish_reason":null}]' + self._usage_null + b"}\n\n"

    def start(self) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None}, None)

    def write(self, event: Event) -> bytes:
        """An event's bytes; empty for what OpenAI's streams do not show."""
        if type(event) is TextDelta:
            self._teller.pass_text(event)
            return self._whole(event) + self._text(event.text) if self._thoughts else self._text(event.text)
        if type(event) is ReasoningDelta:
            self._thoughts.append(event)
        before = self._whole(event)
        return before + b"".join(map(self._told, self._teller.feed(event)))

    def _whole(self, event: Event) -> bytes:
        """What is sent of blocks when they have ended: a custom tool's text, and reasoning with its signature."""
        sent = b""
        if self._free is not None and type(event) is not ToolDelta:
            text, self._free = free_text("".join(self._free)), None
            sent = self._chunk({"tool_calls": [{"index": self._tools, "custom": {"input": text}}]}, None)
        if self._thoughts and type(event) is not ReasoningDelta:
            blocks, self._thoughts = thinking_blocks(self._thoughts), []
            if blocks:
                sent += self._chunk({"thinking_blocks": blocks}, None)
        return sent

    def _text(self, text: str) -> bytes:
        return b"%b%b%b" % (self._before_text, orjson.dumps(text), self._after_text)

    def _told(self, event: Event) -> bytes:
        match event:
            case TextDelta(_, text):
                return self._text(text)
            case ToolStart(_, tool_use_id, name):
                self._tools += 1
                if name in self._custom_tools:
                    self._free = []
                    custom = {"index": self._tools, "id": tool_use_id, "type": "custom"}
                    return self._chunk(
                        {"tool_calls": [{**custom, "custom": {"name": name, "input": ""}}]}, None
                    )
                function = {"name": name, "arguments": ""}
                call = {"index": self._tools, "id": tool_use_id, "type": "function", "function": function}
                return self._chunk({"tool_calls": [call]}, None)
            case ToolDelta(_, arguments) if self._free is not None:
                self._free.append(arguments)
            case ToolDelta(_, arguments):
                return self._chunk(
                    {"tool_calls": [{"index": self._tools, "function": {"arguments": arguments}}]}, None
                )
            case ReasoningDelta(_, text) if text:
                return self._chunk({"reasoning_content": text}, None)
            case Annotations(_, found):
                return self._chunk({"annotations": found}, None)
            case Finished():
                return self._end(event)
        return b""

    def keep_alive(self) -> bytes:
        return SSE_COMMENT

    def error(self, refusal: Refusal) -> bytes:
        """An error after the stream has begun."""
        return b"data: " + orjson.dumps(openai_error(refusal)) + b"\n\n"

    def _end(self, finished: Finished) -> bytes:
        chunks = self._chunk({}, finish_reason(finished))
        if self._include_usage:
            chunks += (
                self._head + b',"choices":[],"usage":' + orjson.dumps(openai_usage(finished.usage)) + b"}\n\n"
            )
        return chunks + b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._head + b',"choices":[' + orjson.dumps(choice) + b"]" + self._usage_null + b"}\n\n"
