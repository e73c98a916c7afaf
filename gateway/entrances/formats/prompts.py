"""PURE: `POST /v1/prompts/{name}/run`: variables in, an answer out, whole or as server-sent events."""

from typing import Annotated, Any, ClassVar

import msgspec
import orjson

from gateway.call import Call
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX, PromptRequest
from gateway.catalogue.wishes import from_member
from gateway.conversation import Conversation
from gateway.entrances.formats import openai, openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.openai_request import ChatRequest
from gateway.entrances.formats.prompt_names import attributes_of
from gateway.entrances.formats.told import Teller
from gateway.events import Event, Finished, ReasoningDelta, TextDelta, ToolDelta, ToolStart, Usage
from gateway.refusals import Refusal
from kernel.money import plain_usd

_Name = Annotated[str, msgspec.Meta(max_length=200)]


class RunRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body. `label` or `version`, not both; neither is the label `production`."""

    variables: dict[str, Any] = {}
    label: _Name = ""
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    prompt_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    model: _Name = ""
    stream: bool = False
    session: _Name = ""
    attributes: dict[str, Any] = {}
    messages: Any = msgspec.UNSET
    """Messages that follow those of the prompt, in the shape of a chat completion."""
    max_tokens: int | None = None
    gatehouse: Any = None
    """`{"prefer": {…}}`: wishes of the choice of a model."""


class PromptEntrance:
    """One prompt's address."""

    name: ClassVar[str] = "prompt"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"
    _decode = staticmethod(msgspec.json.Decoder(RunRequest).decode)

    def __init__(self, *, name: str) -> None:
        self._name = name

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        request: RunRequest = decode_body(self._decode, body or b"{}")
        if request.label and request.version is not None:
            raise Refusal("invalid_request", "Send a label or a version, not both.", param="version")
        places = Places()
        if request.gatehouse is not None:
            places.wishes = from_member(request.gatehouse)
        return Parsed(
            model=f"{PREFIX}{self._name}",
            conversation=_conversation(request, places),
            places=places,
            is_stream=request.stream,
            prompt=PromptRequest(
                name=self._name,
                prompt_id=request.prompt_id,
                label=request.label,
                version=request.version,
                model=request.model,
                variables=request.variables,
                session=request.session,
                attributes=attributes_of(request.attributes, "attributes"),
            ),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        events = openai_reply.told(events)
        texts = [event.text for event in events if isinstance(event, TextDelta)]
        return orjson.dumps(
            {
                **_begin(call),
                "output": "".join(texts),
                "tool_calls": openai_reply.tool_calls(events) or None,
                **_end(call, finished),
            }
        )

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return _RunWriter(call)

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}


class _RunWriter:
    """Events: `start`, then `delta` (and `reasoning`, `tool_start`, `tool_delta`), at last `end` or `error`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._teller = Teller()

    def start(self) -> bytes:
        return _sse("start", _begin(self._call))

    def write(self, event: Event) -> bytes:
        return b"".join(map(self._told, self._teller.feed(event)))

    def _told(self, event: Event) -> bytes:
        match event:
            case TextDelta(_, text):
                return _sse("delta", {"text": text})
            case ReasoningDelta(_, text) if text:
                return _sse("reasoning", {"text": text})
            case ToolStart(index, tool_use_id, name):
                return _sse("tool_start", {"index": index, "tool_call_id": tool_use_id, "name": name})
            case ToolDelta(index, arguments):
                return _sse("tool_delta", {"index": index, "arguments": arguments})
            case Finished():
                return _sse("end", _end(self._call, event))
        return b""

    def keep_alive(self) -> bytes:
        return openai_reply.SSE_COMMENT

    def error(self, refusal: Refusal) -> bytes:
        return _sse("error", openai_reply.openai_error(refusal))


def _sse(kind: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(data))


def _conversation(request: RunRequest, places: Places) -> Conversation:
    """What the caller adds to the prompt, read as a chat completion's messages are."""
    chat = {"model": PREFIX, "messages": [] if request.messages is msgspec.UNSET else request.messages}
    if request.max_tokens is not None:
        chat["max_tokens"] = request.max_tokens
    try:
        return openai.conversation_of_openai(msgspec.convert(chat, ChatRequest), places)
    except msgspec.ValidationError as error:
        raise Refusal(
            "invalid_request", f"The body does not fit: {str(error).replace('`$.', '`')}."
        ) from error


def _begin(call: Call) -> dict[str, Any]:
    """What is known before the answer."""
    run = call.prompt if call.has_prompt else None
    choice = run.choice if run else None
    return {
        "id": str(call.id),
        "prompt": run.prompt.name if run else "",
        "version": run.version.number if run and run.version else None,
        "label": (run.label or None) if run else None,
        "model": call.routed.route.name if call.is_routed else None,
        "experiment": {"name": choice.experiment, "arm": choice.arm}
        if choice and choice.experiment_id
        else None,
    }


def _end(call: Call, finished: Finished) -> dict[str, Any]:
    """What is known after it."""
    run = call.prompt
    contract = (
        {"outcome": run.outcome, "rounds": run.rounds, "errors": list(run.errors)} if run.outcome else None
    )
    return {
        "data": run.data,
        "finish_reason": openai_reply.finish_reason(finished),
        "is_fallback": run.is_fallback,
        "contract": contract,
        "sources": [dict(passage) for passage in run.passages],
        "confidence": None if run.confidence is None else round(run.confidence, 3),
        "usage": _usage(finished.usage),
        "cost_usd": plain_usd(call.charge.cost_nanos),
        "duration_ms": round(call.elapsed_ms(), 1),
    }


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
    }
