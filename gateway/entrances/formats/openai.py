"""PURE: OpenAI's chat completions, from and to the conversation and events of a call.

Source: the OpenAI API reference, "Create chat completion". What becomes of each member is a table beside the structs
(openai_request.py).
"""

from typing import Any

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX
from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    Json,
    Message,
    ServiceTier,
    SystemBlock,
)
from gateway.entrances.formats.members import Reader
from gateway.entrances.formats.openai_messages import turns_of
from gateway.entrances.formats.openai_request import (
    MEMBERS,
    ChatRequest,
    ResponseFormat,
)
from gateway.entrances.formats.openai_tools import tools_of
from gateway.entrances.formats.prompt_cache import mark_for_cache
from gateway.refusals import Refusal

_MAX_STOPS = 4
read_chat = Reader(ChatRequest)
_VERBOSITY = {"low": "Answer briefly.", "high": "Answer at length, with all details."}


def conversation_of_openai(request: ChatRequest, places: Places) -> Conversation:
    """The request as a conversation. Refusal invalid_request for what can't be honoured.

    What Converse does not take is left as it is: each model's request is fitted to it later.
    """
    MEMBERS.treat(request, places)
    system, messages = turns_of(request.messages, places)
    is_prompt = request.model.startswith(PREFIX)
    if not messages and not is_prompt and (last := _last_text(system)) is not None:
        messages = [Message(role="user", content=[Block(text=last)])]  # there is nobody else to answer
    if not messages and not is_prompt:  # a prompt has messages of its own
        raise Refusal(
            "invalid_request",
            "'messages' has nothing to answer: send at least one user message.",
            param="messages",
        )
    if request.cache_control is not None and messages:
        messages[-1].content.append(Block(cache_point=request.cache_control.point()))
    if request.verbosity in _VERBOSITY:
        system.append(SystemBlock(text=_VERBOSITY[request.verbosity]))
        places.adjustments.append(Adjustment("verbosity", "instructed"))
    tool_config, tool_choice = tools_of(request, messages, places)
    conversation = Conversation(
        messages=messages,
        system=system or None,
        inference_config=InferenceConfig(
            max_tokens=request.max_tokens
            if request.max_completion_tokens is None
            else request.max_completion_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            stop_sequences=_stops(request.stop),
        ),
        tool_config=tool_config,
        additional_model_request_fields=_more(request, tool_choice),
        output_config=output_config(request.response_format),
        service_tier=service_tier(request.service_tier, places),
    )
    mark_for_cache(conversation, request.prompt_cache_key, places)
    return conversation


def _last_text(system: list[SystemBlock]) -> str | None:
    """Takes the last text out of the system blocks, with a cache point behind it."""
    while system:
        if (text := system.pop().text) is not None:
            return text
    return None


def service_tier(asked: str | None, places: Places) -> ServiceTier | None:
    """The tier as Bedrock has it. `auto` and `default` are the usual one, and so is what Bedrock does not have, which is said."""
    if asked == "flex":
        return ServiceTier(type="flex")
    if asked == "priority":
        return ServiceTier(type="priority")
    if asked not in (None, "auto", "default"):
        places.adjustments.append(Adjustment("service_tier", "dropped"))
    return None


def _stops(stop: str | list[str] | None) -> list[str] | None:
    if stop is None:
        return None
    stops = [stop] if isinstance(stop, str) else stop
    if len(stops) > _MAX_STOPS or not all(stops):
        raise Refusal("invalid_request", f"'stop' takes up to {_MAX_STOPS} texts, none empty.", param="stop")
    return stops or None


def _more(request: ChatRequest, tool_choice: Json | None) -> Json | None:
    """What Converse has no member for. How a model is told to think is a matter of the model (gateway/wire/fit)."""
    found: Json = {}
    if request.thinking is not None:
        found["thinking"] = {
            name: value
            for name, value in msgspec.structs.asdict(request.thinking).items()
            if value is not None
        }
    effort = request.reasoning_effort
    if (reasoning := request.reasoning) is not None:
        effort = effort or reasoning.effort or ("medium" if reasoning.enabled else None)
        if reasoning.enabled is False:
            effort = "none"
        if reasoning.max_tokens and "thinking" not in found:
            found["thinking"] = {"type": "enabled", "budget_tokens": reasoning.max_tokens}
    if effort is not None:
        found["reasoning_effort"] = effort
    if request.top_k is not None:
        found["top_k"] = request.top_k
    if tool_choice is not None:
        found["tool_choice"] = tool_choice
    return found or None


def output_config(wanted: ResponseFormat | None) -> Json | None:
    """The form of the answer, as Converse has it."""
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object" and wanted.schema is None:
        return {
            "textFormat": {"type": "json_object"}
        }  # which Converse has no word for: the model is told in words
    form = wanted.json_schema
    schema = form.schema if form is not None and form.schema is not None else wanted.schema
    if schema is None:
        raise Refusal(
            "invalid_request",
            "'response_format' of type json_schema needs its schema.",
            param="response_format",
        )
    definition: dict[str, Any] = {"schema": _json_text(schema), "name": form.name if form else "answer"}
    if form is not None and form.description:
        definition["description"] = form.description
    structure = {"jsonSchema": definition}
    return {"textFormat": {"type": "json_schema", "structure": structure}}


def _json_text(schema: Json) -> str:
    try:
        return msgspec.json.encode(schema).decode()
    except RecursionError as error:
        message = "'response_format': the schema is nested too deeply."
        raise Refusal("invalid_request", message, param="response_format") from error
