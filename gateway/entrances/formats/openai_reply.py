"""PURE: a reply in OpenAI's words: whole, as chunks, or as an error."""

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
}


def completion(*, call_id: UUID, created: int, model: str, events: list[Event], finished: Finished) -> bytes:
    """The whole answer as a `chat.completion`."""
    events = told(events)
    text = [event.text for event in events if isinstance(event, TextDelta)]
    reasoning = [event.text for event in events if isinstance(event, ReasoningDelta)]
    calls = tool_calls(events)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(text) or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if annotations := [each for event in events if isinstance(event, Annotations) for each in event.found]:
        message["annotations"] = annotations
    if any(reasoning):
        message["reasoning_content"] = "".join(reasoning)
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


def told(events: list[Event]) -> list[Event]:
    """The events of a whole answer in OpenAI's kinds."""
    teller = Teller()
    ended = {event.index for event in events if isinstance(event, BlockStop)}
    open_tools = {event.index for event in events if isinstance(event, ToolStart)} - ended
    return [each for event in (*events, *map(BlockStop, sorted(open_tools))) for each in teller.feed(event)]


def tool_calls(events: list[Event]) -> list[dict[str, Any]]:
    """The tools that the model asks for, with their arguments as JSON texts."""
    calls: list[dict[str, Any]] = []
    for event in told(events):
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
        "prompt_tokens_details": {"cached_tokens": used.cache_read},
    }


def openai_error(refusal: Refusal) -> dict[str, Any]:
    """A refusal as OpenAI's error object."""
    kind = _ERROR_TYPES.get(refusal.status, "rate_limit_error" if refusal.status == 429 else "api_error")
    if refusal.status == 404:
        kind = "invalid_request_error"
    return {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}}


class ChunkWriter:
    """Writes the events of one reply as server-sent `chat.completion.chunk`s."""

    def __init__(self, *, call_id: UUID, created: int, model: str, include_usage: bool) -> None:
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
            return self._text(event.text)
        return b"".join(map(self._told, self._teller.feed(event)))

    def _text(self, text: str) -> bytes:
        return b"%b%b%b" % (self._before_text, orjson.dumps(text), self._after_text)

    def _told(self, event: Event) -> bytes:
        match event:
            case TextDelta(_, text):
                return self._text(text)
            case ToolStart(_, tool_use_id, name):
                self._tools += 1
                function = {"name": name, "arguments": ""}
                call = {"index": self._tools, "id": tool_use_id, "type": "function", "function": function}
                return self._chunk({"tool_calls": [call]}, None)
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
