"""PURE: `POST /v1/responses`: OpenAI's Responses, whole and streamed."""

from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import orjson

from gateway.call import Call
from gateway.call.identity import identity_of
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX, PromptRequest
from gateway.call.response import ResponseRun
from gateway.catalogue.wishes import from_member
from gateway.conversation import Conversation, Json
from gateway.entrances.formats import openai_reply
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.members import say_dropped, unknown_members
from gateway.entrances.formats.prompt_cache import mark_for_cache
from gateway.entrances.formats.prompt_names import prompt_request_of
from gateway.entrances.formats.responses_conversation import Reading, read_request
from gateway.entrances.formats.responses_members import check_includes, check_members
from gateway.entrances.formats.responses_object import ResponseObject, summary_of
from gateway.entrances.formats.responses_output import Output
from gateway.entrances.formats.responses_request import PromptReference, ResponsesRequest
from gateway.entrances.formats.responses_stream import ResponseWriter
from gateway.entrances.formats.responses_tools import Toolbox
from gateway.events import Event, Finished
from gateway.refusals import Refusal


class ResponsesEntrance:
    """One request's: what it asked for is told back in its response."""

    name: ClassVar[str] = "responses"
    stream_type: ClassVar[str] = "text/event-stream; charset=utf-8"
    _decode = staticmethod(msgspec.json.Decoder(dict[str, Any]).decode)

    def __init__(self) -> None:
        self._request = ResponsesRequest()
        self._reading = Reading(Conversation(messages=[]), Toolbox())

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        members = decode_body(self._decode, body)
        places = Places()
        if (own := members.pop("gatehouse", None)) is not None:
            places.wishes = from_member(own)
        check_members(members, places)
        request: ResponsesRequest = decode_body(lambda _: msgspec.convert(members, ResponsesRequest), body)
        # Of the body's own members the table has said all there is to say.
        say_dropped([path for path in unknown_members(members, ResponsesRequest) if "." in path], places)
        check_includes(request.include)
        model, prompt = _asked(request)
        self._request = request
        noted = tuple(places.adjustments)

        def read(recalled: list[Json] | None, found: dict[str, Json] | None) -> Conversation:
            places.adjustments[:] = noted
            places.web_images.clear()
            self._reading = read_request(
                request, places, is_prompt=prompt is not None, recalled=recalled, found=found
            )
            mark_for_cache(self._reading.conversation, request.prompt_cache_key, places)
            return self._reading.conversation

        conversation = read(None, None)
        return Parsed(
            model=model,
            conversation=conversation,
            places=places,
            is_stream=bool(request.stream),
            prompt=prompt,
            said_by=identity_of(headers, request),
            response=ResponseRun(
                wants_store=request.store,
                previous_id=request.previous_response_id or "",
                references=self._reading.references,
                items=self._reading.items,
                read=read,
                write=self._stored,
            ),
        )

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        return orjson.dumps(self._told(call, events, finished))

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        return ResponseWriter(self._object(call), self._output(call))

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(openai_reply.openai_error(refusal)), {}

    def _told(self, call: Call, events: list[Event], finished: Finished) -> Json:
        output = self._output(call)
        for event in (*events, finished):
            for _ in output.steps(event):
                pass
        return self._object(call).ended(output, finished)

    def _stored(self, call: Call, events: list[Event], finished: Finished) -> Json:
        """The response as it is stored."""
        found: Json = orjson.loads(orjson.dumps(self._told(call, events, finished)))
        return found

    def _output(self, call: Call) -> Output:
        return Output(call.id, self._reading.box, shows_reasoning=summary_of(self._request) is not None)

    def _object(self, call: Call) -> ResponseObject:
        return ResponseObject(call, self._request, self._reading.box.echo)


def _asked(request: ResponsesRequest) -> tuple[str, PromptRequest | None]:
    """The model, and the prompt where one is asked for: by the model's name, or as OpenAI's `prompt` refers to one."""
    if request.prompt is None:
        if not request.model:
            raise Refusal("invalid_request", "'model' is missing: name one, or a prompt.", param="model")
        return request.model, prompt_request_of(request.model, request.metadata)
    model = request.model or ""
    if model.startswith(PREFIX):
        raise Refusal("invalid_request", "Name the prompt once: in 'model' or in 'prompt'.", param="prompt")
    name = f"{PREFIX}{request.prompt.id.removeprefix(PREFIX)}"
    name += f"@{request.prompt.version}" if request.prompt.version else ""
    found = prompt_request_of(name, {"variables": _variables(request.prompt)})
    assert found is not None
    return name, replace(found, model=model)


def _variables(prompt: PromptReference) -> Json:
    found: Json = {}
    for name, value in (prompt.variables or {}).items():
        is_text = isinstance(value, dict) and value.get("type") == "input_text"
        if isinstance(value, dict) and value.get("type") in ("input_image", "input_file"):
            told = f"'prompt.variables.{name[:100]}': a prompt is filled in with texts and values, not with files."
            raise Refusal("invalid_request", told, param="prompt.variables")
        found[name] = value.get("text") if is_text else value
    return found
