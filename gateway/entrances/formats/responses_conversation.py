"""PURE: a Responses request as the conversation of a call. Source: the types of the `openai` SDK (`ResponseCreateParams`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    Json,
    Message,
    ServiceTier,
    SystemBlock,
)
from gateway.entrances.formats.responses_choice import tool_config
from gateway.entrances.formats.responses_items import ItemReader, references_of
from gateway.entrances.formats.responses_request import ResponsesRequest, TextFormat
from gateway.entrances.formats.responses_tools import Toolbox
from gateway.refusals import Refusal

_VERBOSITY = {
    "low": "Keep your answer short: say no more than what is asked for.",
    "high": "Answer at length, and explain in detail.",
}
_TIERS = {"flex": "flex", "priority": "priority", "fast": "priority"}
_USUAL_TIERS = frozenset({None, "auto", "default"})


@dataclass(slots=True)
class Reading:
    """A request as read: its conversation, its tools, and the items that it sends itself."""

    conversation: Conversation
    box: Toolbox
    items: list[Any] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


def read_request(
    request: ResponsesRequest,
    places: Places,
    *,
    is_prompt: bool,
    recalled: Sequence[Json] | None = None,
    found: Mapping[str, Json] | None = None,
) -> Reading:
    """The request as a conversation, behind the items of an earlier response where it goes on from one.

    Without `recalled` and `found`, what has to be looked up is left open. Refusal invalid_request for what can't be honoured.
    """
    box = Toolbox()
    box.add(request.tools or [], places)
    items = _items(request)
    references = references_of(items)
    is_open = recalled is None and bool(request.previous_response_id or references)
    reader = ItemReader(places, box, found)
    if recalled:
        reader.read(list(recalled), "previous_response")
    if not (is_open and references):
        reader.read(items)
    system = _system(request, reader, places)
    messages = _answerable(system, reader.messages, is_free=is_prompt or is_open)
    tools, choice = tool_config(
        box, request.tool_choice, in_parallel=request.parallel_tool_calls, messages=messages
    )
    effort = request.reasoning.effort if request.reasoning else None
    more = {name: value for name, value in (("reasoning_effort", effort), ("tool_choice", choice)) if value}
    conversation = Conversation(
        messages=messages,
        system=system or None,
        inference_config=InferenceConfig(
            max_tokens=request.max_output_tokens, temperature=request.temperature, top_p=request.top_p
        ),
        tool_config=tools,
        output_config=_text_format(request) or None,
        additional_model_request_fields=more or None,
        service_tier=_tier(request.service_tier, places),
    )
    return Reading(conversation, box, items, references)


def _items(request: ResponsesRequest) -> list[Any]:
    if isinstance(request.input, str):
        return [{"type": "message", "role": "user", "content": request.input}]
    return request.input or []


def _system(request: ResponsesRequest, reader: ItemReader, places: Places) -> list[SystemBlock]:
    system = [SystemBlock(text=request.instructions)] if request.instructions else []
    system += reader.system
    verbosity = request.text.verbosity if request.text else None
    if verbosity in _VERBOSITY:
        system.append(SystemBlock(text=_VERBOSITY[verbosity]))
        places.adjustments.append(Adjustment("text.verbosity", "by", "words"))
    return system


def _answerable(system: list[SystemBlock], messages: list[Message], *, is_free: bool) -> list[Message]:
    """The messages, with something to answer among them: the last instruction, where there is nothing else."""
    if messages or is_free:
        return messages
    last = next((each for each in reversed(system) if each.text), None)
    if last is None:
        raise Refusal(
            "invalid_request", "'input' has nothing to answer: send a text, or items.", param="input"
        )
    system.remove(last)
    return [Message(role="user", content=[Block(text=last.text)])]


def _text_format(request: ResponsesRequest) -> Json:
    wanted = request.text.format if request.text else None
    if wanted is None or wanted.type == "text":
        return {}
    if wanted.type == "json_object":
        return {"textFormat": {"type": "json_object"}}  # which the model is told in words
    if wanted.schema is None:
        told = "'text.format' of type json_schema needs its 'schema'."
        raise Refusal("invalid_request", told, param="text.format")
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": _definition(wanted)}}}


def _definition(wanted: TextFormat) -> Json:
    try:
        schema = msgspec.json.encode(wanted.schema).decode()
    except RecursionError as error:
        told = "'text.format': the schema is nested too deeply."
        raise Refusal("invalid_request", told, param="text.format") from error
    definition: Json = {"schema": schema, "name": wanted.name or "answer"}
    return definition | ({"description": wanted.description} if wanted.description else {})


def _tier(asked: str | None, places: Places) -> ServiceTier | None:
    if asked in _TIERS:
        return ServiceTier(type=_TIERS[asked])  # type: ignore[arg-type]
    if asked not in _USUAL_TIERS:
        places.adjustments.append(Adjustment("service_tier", "dropped"))
    return None
