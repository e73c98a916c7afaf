"""PURE: `POST /v1/completions`: OpenAI's legacy completions, by models that chat.

The prompt is the user's message. What only models that go on from a text can do is refused by name. Without `max_tokens`
OpenAI gives 16; here the route's usual bound holds, as in chats. Source: the OpenAI API reference, "Create completion".
"""

from typing import Annotated, Any, ClassVar

import msgspec
import orjson

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.identity import identity_of
from gateway.call.places import Places
from gateway.conversation import Block, Conversation, InferenceConfig, Json, Message
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.members import shown_name, take_own
from gateway.entrances.formats.openai_request import StreamOptions
from gateway.entrances.formats.prompt_names import prompt_request_of
from gateway.entrances.formats.told import Teller
from gateway.events import Event, Finished, TextDelta
from gateway.refusals import Refusal

_MAX_STOPS = 4
_UNSUPPORTED = {
    "echo": "Put the prompt before the answer yourself.",
    "suffix": "Ask for the text in between in the prompt.",
    "best_of": "Only best_of=1 is.",
    "n": "Only n=1 is.",
    "logprobs": "Bedrock tells no probabilities of tokens.",
    "logit_bias": "Leave it out.",
    "presence_penalty": "Leave it out.",
    "frequency_penalty": "Leave it out.",
}
_HONOURED = frozenset(
    {
        "model",
        "prompt",
        "max_tokens",
        "stream",
        "stream_options",
        "stop",
        "temperature",
        "top_p",
        "metadata",
        "user",
    }
)
_Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class CompletionRequest(msgspec.Struct):
    """The body of POST /v1/completions."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: Any = None
    max_tokens: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: str | list[str] | None = None
    temperature: _Temperature | None = None
    top_p: _Share | None = None
    metadata: Any = None
    user: str | None = None


class CompletionsEntrance:
    """POST /v1/completions."""

    name: ClassVar[str] = "openai"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"
    _decode = staticmethod(msgspec.json.Decoder(dict[str, Any]).decode)

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        members = decode_body(self._decode, body)
        places = Places()
        take_own(members, places)
        _check(members, places)
        request: CompletionRequest = decode_body(lambda _: msgspec.convert(members, CompletionRequest), body)
        prompt = prompt_request_of(request.model, request.metadata)
        text = _text(request.prompt)
        if text is None and prompt is None:
            raise Refusal("invalid_request", "'prompt' is missing: send one text.", param="prompt")
        block = Block(text=text)
        return Parsed(
            model=request.model,
            conversation=Conversation(
                messages=[Message(role="user", content=[places.note(block, "prompt")])] if text else [],
                inference_config=InferenceConfig(
                    max_tokens=request.max_tokens,
                    temperature=request.temperature,
                    top_p=request.top_p,
                    stop_sequences=_stops(request.stop),
                ),
            ),
            places=places,
            is_stream=bool(request.stream),
            include_usage=bool(request.stream_options and request.stream_options.include_usage),
            prompt=prompt,
            said_by=identity_of(headers, request),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        text = "".join(event.text for event in openai_reply.told(events) if isinstance(event, TextDelta))
        usage = openai_reply.openai_usage(finished.usage)
        return orjson.dumps(_head(call) | {"choices": [_choice(text, _reason(finished))], "usage": usage})

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return _CompletionWriter(call, include_usage=parsed.include_usage)

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}


class _CompletionWriter:
    """Writes the text of a reply as `text_completion`s."""

    def __init__(self, call: Call, *, include_usage: bool) -> None:
        self._head = _head(call)
        self._include_usage = include_usage
        self._teller = Teller()

    def start(self) -> bytes:
        """Nothing: the first text is the beginning."""
        return b""

    def write(self, event: Event) -> bytes:
        return b"".join(map(self._told, self._teller.feed(event)))

    def keep_alive(self) -> bytes:
        """A comment, which no client reads."""
        return b": keep-alive\n\n"

    def error(self, refusal: Refusal) -> bytes:
        return _sse(openai_reply.openai_error(refusal))

    def _told(self, event: Event) -> bytes:
        if isinstance(event, TextDelta) and event.text:
            return _sse(self._head | {"choices": [_choice(event.text, None)]})
        if not isinstance(event, Finished):
            return b""
        data = _sse(self._head | {"choices": [_choice("", _reason(event))]})
        if self._include_usage:
            data += _sse(self._head | {"choices": [], "usage": openai_reply.openai_usage(event.usage)})
        return data + b"data: [DONE]\n\n"


def _sse(data: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(data)


def _head(call: Call) -> Json:
    return {
        "id": f"cmpl-{call.id.hex}",
        "object": "text_completion",
        "created": int(call.started_at.timestamp()),
        "model": call.request.model,
    }


def _choice(text: str, reason: str | None) -> Json:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


def _reason(finished: Finished) -> str:
    """Why it ended; OpenAI has no word for tools here."""
    reason = openai_reply.finish_reason(finished)
    return "stop" if reason == "tool_calls" else reason


def _check(members: dict[str, Any], places: Places) -> None:
    for name, value in members.items():
        if name in _HONOURED or value is None:
            continue
        if name not in _UNSUPPORTED:
            places.adjustments.append(Adjustment(shown_name(name), "dropped"))
        elif value not in (False, 0, "", [], {}) and not (name in ("n", "best_of") and value == 1):
            told = f"'{name}' is not supported for models on Bedrock. {_UNSUPPORTED[name]}"
            raise Refusal("invalid_request", told, param=name)
        elif name == "logprobs" and value is not False:
            told = f"'{name}' is not supported for models on Bedrock. {_UNSUPPORTED[name]}"
            raise Refusal("invalid_request", told, param=name)  # of 0, too, OpenAI gives those of the text


def _text(prompt: Any) -> str | None:
    """The one text. Refusal invalid_request for several, and for tokens."""
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        return prompt[0]
    if prompt is None or isinstance(prompt, str):
        return prompt
    told = (
        "'prompt' is one text, or a list of one. Tokens are not taken, and several texts are as many calls."
    )
    raise Refusal("invalid_request", told, param="prompt")


def _stops(stop: str | list[str] | None) -> list[str] | None:
    stops = [stop] if isinstance(stop, str) else stop or []
    if len(stops) > _MAX_STOPS or not all(stops):
        raise Refusal("invalid_request", f"'stop' takes up to {_MAX_STOPS} texts, none empty.", param="stop")
    return stops or None
