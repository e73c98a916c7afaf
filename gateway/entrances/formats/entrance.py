"""PURE: what an entrance does with its wire format: read a request, write a reply, word a refusal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import msgspec
import orjson

from gateway.call import Call
from gateway.call.embedding import EmbeddingOptions
from gateway.call.identity import identity_of
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX, PromptRequest
from gateway.call.response import ResponseRun
from gateway.conversation import Conversation
from gateway.entrances.formats import (
    anthropic,
    anthropic_reply,
    converse,
    converse_reply,
    openai,
    openai_reply,
)
from gateway.entrances.formats.anthropic_request import MessagesRequest
from gateway.entrances.formats.aws_errors import converse_error, converse_error_type
from gateway.entrances.formats.openai_request import ChatRequest
from gateway.entrances.formats.prompt_names import prompt_request_of
from gateway.events import Event, Finished
from gateway.refusals import Refusal

Headers = Mapping[bytes, bytes]
"""Values by lower-case name."""
NO_HEADERS: Headers = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A request as read: which model, what to ask, and how to answer."""

    model: str
    conversation: Conversation
    is_stream: bool
    include_usage: bool = False
    kind: str = "text"
    dimensions: int | None = None
    embedding: EmbeddingOptions | None = None
    prompt: PromptRequest | None = None
    places: Places | None = None
    said_by: Mapping[str, str] = field(default_factory=dict)
    """Who says to be calling, by members and headers of the client's own."""
    response: ResponseRun | None = None


class Writer(Protocol):
    """Writes one streamed reply: `start` once, before what the first event is written as.

    `keep_alive` is what keeps a silent stream open, and changes nothing of the answer. It may come before `start`, which then
    gives what is left of the beginning; `b""` where there is nothing harmless to say.
    """

    def start(self) -> bytes: ...
    def write(self, event: Event) -> bytes: ...
    def keep_alive(self) -> bytes: ...
    def error(self, refusal: Refusal) -> bytes: ...


class Entrance(Protocol):
    """One wire format."""

    name: ClassVar[str]
    stream_type: ClassVar[str]

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed: ...
    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes: ...
    def writer(self, call: Call, parsed: Parsed) -> Writer: ...
    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]: ...


class OpenAIEntrance:
    """POST /v1/chat/completions."""

    name: ClassVar[str] = "openai"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        places = Places()
        request: ChatRequest = decode_body(partial(openai.read_chat, places=places), body)
        return Parsed(
            model=request.model,
            conversation=openai.conversation_of_openai(request, places),
            places=places,
            is_stream=bool(request.stream),
            include_usage=bool(request.stream_options and request.stream_options.include_usage),
            prompt=prompt_request_of(request.model, request.metadata),
            said_by=identity_of(headers, request),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        return openai_reply.completion(
            call_id=call.id,
            created=int(call.started_at.timestamp()),
            model=call.request.model,
            events=events,
            finished=finished,
            custom_tools=call.places.custom_tools if call.places is not None else frozenset(),
        )

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return openai_reply.ChunkWriter(
            call_id=call.id,
            created=int(call.started_at.timestamp()),
            model=call.request.model,
            include_usage=parsed.include_usage,
            custom_tools=parsed.places.custom_tools if parsed.places is not None else frozenset(),
        )

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}


class AnthropicEntrance:
    """POST /v1/messages."""

    name: ClassVar[str] = "anthropic"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        places = Places()
        request: MessagesRequest = decode_body(partial(anthropic.read_messages, places=places), body)
        betas = anthropic.betas_of(headers.get(b"anthropic-beta", b""))
        return Parsed(
            model=request.model,
            conversation=anthropic.conversation_of_anthropic(request, places, betas),
            places=places,
            is_stream=bool(request.stream),
            prompt=prompt_request_of(request.model, request.metadata),
            said_by=identity_of(headers, request),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        return anthropic_reply.message(
            call_id=call.id, model=call.request.model, events=events, finished=finished
        )

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return anthropic_reply.EventWriter(call)

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(anthropic_reply.anthropic_error(refusal, call.request.request_id)), {}


class ConverseEntrance:
    """POST /bedrock/model/{id}/converse and converse-stream: model and streaming are in the path."""

    name: ClassVar[str] = "converse"
    stream_type: ClassVar[str] = "application/vnd.amazon.eventstream"

    def __init__(self, *, model: str, is_stream: bool = False) -> None:
        self._model = model
        self._is_stream = is_stream

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        is_prompt = self._model.startswith(PREFIX)
        places = Places()
        decode = partial(converse.decode, places=places, is_prompt=is_prompt)
        conversation: Conversation = decode_body(decode, body)
        converse.check_request(conversation)
        prompt = prompt_request_of(self._model, conversation.request_metadata)
        if prompt is None:
            converse.check_metadata(conversation.request_metadata)
        else:
            conversation.request_metadata = None  # it was for the prompt
        return Parsed(
            model=self._model,
            conversation=conversation,
            is_stream=self._is_stream,
            prompt=prompt,
            places=places,
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        return converse_reply.converse_answer(events=events, finished=finished)

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return converse_reply.FrameWriter()

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(converse_error(refusal)), {"x-amzn-errortype": converse_error_type(refusal)}


_HALF = re.compile(
    rb"\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""Half of a surrogate pair, as JSON escapes it."""


def decode_body(decode: Any, body: bytes) -> Any:
    """The body decoded, or Refusal invalid_request that says what is wrong with it."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except RecursionError as error:
        raise Refusal("invalid_request", "The body is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if (half := _HALF.search(body)) is not None:
            text = f"The body has half a character in it: {half[0].decode()} stands without its other half. "
            raise Refusal("invalid_request", text + "A text may have been cut amid an emoji.") from error
        raise Refusal("invalid_request", f"The body is not valid JSON: {error}") from error


_NO_KIND = re.compile(r"Invalid value '(?P<kind>.*)' - at `\$\.(?P<path>[^`]+)\.type`", re.DOTALL)


def _misfit(error: msgspec.ValidationError) -> Refusal:
    """What msgspec says, with its `$` for the body taken out: "Expected `int`, got `str` - at `max_tokens`"."""
    told = str(error)
    if (match := _NO_KIND.fullmatch(told)) is not None:
        words = f"The body does not fit: {match['path']}: '{match['kind'][:100]}' is not a type that can be used here. Leave this part out."
        return Refusal("invalid_request", words, param=match["path"])
    return Refusal("invalid_request", f"The body does not fit: {told.replace('`$.', '`').rstrip('.')}.")
