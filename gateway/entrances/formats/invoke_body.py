"""PURE: what the families of InvokeModel's bodies have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from gateway.call import Call
from gateway.call.places import Places
from gateway.conversation import Block, Conversation, InferenceConfig, Json, Message, SystemBlock
from gateway.entrances.formats.entrance import Headers, Parsed
from gateway.entrances.formats.prompt_names import prompt_request_of
from gateway.events import Event, Finished, TextDelta
from gateway.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """An InvokeModel request, its body decoded."""

    model: str
    body: Json
    headers: Headers
    is_stream: bool


class Chunks(Protocol):
    """Turns the events of one reply into the JSON that a family's stream has in its chunks."""

    def start(self) -> list[Json]: ...
    def feed(self, event: Event) -> list[Json]: ...
    def keep_alive(self) -> list[Json]: ...


class Pieces:
    """What most families begin a stream with: nothing; and keep it alive with: a piece of text that is empty."""

    def start(self) -> list[Json]:
        return []

    def keep_alive(self) -> list[Json]:
        return [self.piece("")]

    def piece(self, text: str) -> Json:
        """The chunk of a piece of text."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Body:
    """One family: how its requests are read and its answers are written. Without `chunks` it has no streams."""

    read: Callable[[Asked], Parsed]
    whole: Callable[[Call, list[Event], Finished], bytes]
    chunks: Callable[[Call], Chunks] | None


_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def members(body: Json, kind: type[_Struct]) -> _Struct:
    """The body as its family has it. Refusal invalid_request for what it does not have."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        words = str(error).replace("`$.", "`").rstrip(".")
        raise Refusal("invalid_request", f"Malformed input request: {words}.") from error


def unsupported(name: str, why: str = "") -> Refusal:
    """The refusal of a member that would change the answer and can't be honoured."""
    more = f" {why}" if why else ""
    return Refusal(
        "invalid_request",
        f"'{name}' is not supported here.{more} Leave it out, or call the model by Converse.",
        param=name,
    )


def texts_parsed(
    asked: Asked,
    turns: list[tuple[str, str]],
    *,
    config: InferenceConfig,
    system: list[str] | None = None,
    fields: Json | None = None,
) -> Parsed:
    """A request of texts: (role, text), the roles `user` and `assistant`."""
    places = Places()
    messages: list[Message] = []
    for role, text in turns:
        block = places.note(Block(text=text), "prompt")
        if messages and messages[-1].role == role:
            messages[-1].content.append(block)
        else:
            messages.append(Message(role="assistant" if role == "assistant" else "user", content=[block]))
    return Parsed(
        model=asked.model,
        conversation=Conversation(
            messages=messages,
            system=[SystemBlock(text=text) for text in system or () if text] or None,
            inference_config=config,
            additional_model_request_fields=fields or None,
        ),
        is_stream=asked.is_stream,
        prompt=prompt_request_of(asked.model, None),
        places=places,
    )


def text_of(events: list[Event]) -> str:
    """All text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def some(value: Any) -> bool:
    """Whether a member says anything."""
    return value not in (None, [], {}, "", False, 0)
