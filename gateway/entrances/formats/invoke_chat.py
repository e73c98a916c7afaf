"""PURE: chats in the bodies of InvokeModel that are Mistral's and Cohere's.

Source: AWS user guide, "Mistral AI chat completion" and "Cohere Command R and Command R+ models".
"""

from dataclasses import replace
from typing import Any

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import InferenceConfig, Json
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import OpenAIEntrance, Parsed
from gateway.entrances.formats.invoke_body import (
    Asked,
    Body,
    Pieces,
    members,
    some,
    text_of,
    texts_parsed,
    unsupported,
)
from gateway.entrances.formats.invoke_text import cohere_reason
from gateway.events import Event, Finished, TextDelta, ToolDelta, ToolStart
from gateway.refusals import Refusal

_CHAT = OpenAIEntrance()
_MISTRAL = frozenset(
    {
        "messages",
        "tools",
        "tool_choice",
        "max_tokens",
        "temperature",
        "top_p",
        "stop",
        "response_format",
        "top_k",
    }
)


def _read_mistral(asked: Asked) -> Parsed:
    body = dict(asked.body)
    for name in body:
        if name not in _MISTRAL:
            raise unsupported(name[:100])
    top_k = body.pop("top_k", None)
    if body.get("tool_choice") == "any":
        body["tool_choice"] = "required"
    parsed = _CHAT.parse(msgspec.json.encode(body | {"model": asked.model}), asked.headers)
    if top_k is not None:
        fields = parsed.conversation.additional_model_request_fields or {}
        parsed.conversation.additional_model_request_fields = fields | {"top_k": top_k}
    return replace(parsed, is_stream=asked.is_stream)


def _whole_mistral(call: Call, events: list[Event], finished: Finished) -> bytes:
    """As the guide has it; with what Pixtral answers besides, which is OpenAI's."""
    answer = orjson.loads(
        openai_reply.completion(
            call_id=call.id,
            created=int(call.started_at.timestamp()),
            model=call.request.model,
            events=events,
            finished=finished,
        )
    )
    for choice in answer["choices"]:
        choice["stop_reason"] = choice["finish_reason"]
        choice["message"]["content"] = choice["message"]["content"] or ""
    return orjson.dumps(answer)


class _MistralChunks(Pieces):
    """Texts as they come; the tools that are asked for at the end."""

    def __init__(self, call: Call) -> None:
        self._tools: list[Event] = []

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                return [self.piece(text)]
            case ToolStart() | ToolDelta():
                self._tools.append(event)
            case Finished():
                calls = openai_reply.tool_calls(self._tools)
                message = {"content": ""} | ({"tool_calls": calls} if calls else {})
                return [self._chunk(message, openai_reply.finish_reason(event))]
        return []

    def piece(self, text: str) -> Json:
        return self._chunk({"content": text}, None)

    def _chunk(self, message: Json, reason: str | None) -> Json:
        choice = {"index": 0, "message": {"role": "assistant", **message}, "stop_reason": reason}
        return {"choices": [choice]}


class _Turn(msgspec.Struct):
    role: str
    message: str = ""
    tool_calls: Any = None
    tool_results: Any = None


class _Command(msgspec.Struct, forbid_unknown_fields=True):
    message: str
    chat_history: list[_Turn] | None = None
    preamble: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    p: float | None = None
    k: int | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    stream: bool | None = None
    return_prompt: bool | None = None
    prompt_truncation: str | None = None
    documents: Any = None
    search_queries_only: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    tools: Any = None
    tool_results: Any = None
    raw_prompting: bool | None = None
    force_single_step: Any = None
    citation_quality: Any = None


_REFUSED = (
    "documents", "search_queries_only", "frequency_penalty", "presence_penalty", "tools", "tool_results", "raw_prompting",
    "force_single_step", "citation_quality", "return_prompt",
)  # fmt: skip
_ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}


def _read_command(asked: Asked) -> Parsed:
    given = members(asked.body, _Command)
    for name in _REFUSED:
        if some(getattr(given, name)):
            raise unsupported(name)
    if given.prompt_truncation not in (None, "OFF"):
        raise unsupported("prompt_truncation")
    system = [given.preamble] if given.preamble else []
    turns: list[tuple[str, str]] = []
    for number, turn in enumerate(given.chat_history or ()):
        role = _ROLES.get(turn.role.upper())
        if role is None or some(turn.tool_calls) or some(turn.tool_results):
            raise unsupported(f"chat_history[{number}]", "Turns are of USER, CHATBOT or SYSTEM, with texts.")
        if role == "system":
            system.append(turn.message)
        elif turn.message:
            turns.append((role, turn.message))
    if not given.message.strip():
        raise Refusal("invalid_request", "Malformed input request: 'message' is empty.", param="message")
    fields = {name: value for name in ("k", "seed") if (value := getattr(given, name)) is not None}
    config = InferenceConfig(
        max_tokens=given.max_tokens,
        temperature=given.temperature,
        top_p=given.p,
        stop_sequences=given.stop_sequences or None,
    )
    return texts_parsed(asked, [*turns, ("user", given.message)], config=config, system=system, fields=fields)


def _whole_command(call: Call, events: list[Event], finished: Finished) -> bytes:
    return orjson.dumps(_answer(call, text_of(events), finished))


def _answer(call: Call, text: str, finished: Finished) -> Json:
    used = finished.usage
    return {
        "response_id": str(call.id),
        "text": text,
        "generation_id": call.id.hex,
        "finish_reason": cohere_reason(finished.stop_reason),
        "meta": {
            "api_version": {"version": "1"},
            "billed_units": {"input_tokens": used.prompt, "output_tokens": used.output},
        },
    }


class _CommandChunks(Pieces):
    """Cohere's events: the last has the whole answer in it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._texts: list[str] = []
        self._has_started = False

    def start(self) -> list[Json]:
        if self._has_started:
            return []
        self._has_started = True
        return [{"is_finished": False, "event_type": "stream-start", "generation_id": self._call.id.hex}]

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                self._texts.append(text)
                return [self.piece(text)]
            case Finished(reason):
                answer = _answer(self._call, "".join(self._texts), event)
                end = {
                    "is_finished": True,
                    "event_type": "stream-end",
                    "finish_reason": cohere_reason(reason),
                }
                return [end | {"response": answer}]
        return []

    def keep_alive(self) -> list[Json]:
        return [*self.start(), self.piece("")]

    def piece(self, text: str) -> Json:
        return {"is_finished": False, "event_type": "text-generation", "text": text}


MISTRAL_CHAT = Body(_read_mistral, _whole_mistral, _MistralChunks)
COHERE_CHAT = Body(_read_command, _whole_command, _CommandChunks)
