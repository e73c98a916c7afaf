"""PURE: a fitted conversation as the body of OpenAI's chat completions. Source: the OpenAI API reference."""

import re
from typing import Any

import orjson

from gateway.conversation import Conversation, Json, ToolConfig, encode
from gateway.providers.openai.dialect import Dialect
from gateway.providers.openai.messages import messages_of
from gateway.providers.openai.strict_schemas import is_strict
from gateway.wire.fit.direct import with_items

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_MAX_NAME = 64
_CHOICES = {"auto": "auto", "any": "required"}


def chat_body(conversation: Conversation, *, model: str, dialect: Dialect, is_streamed: bool) -> bytes:
    """The body. Refusal invalid_request for what has no word there."""
    body: Json = {"model": model, "messages": messages_of(conversation), **dialect.always}
    config = conversation.inference_config
    if config is not None:
        values = {
            dialect.tokens_member: config.max_tokens,
            "temperature": config.temperature,
            "top_p": config.top_p,
            "stop": config.stop_sequences,
        }
        body |= {name: value for name, value in values.items() if value not in (None, [])}
    fields = conversation.additional_model_request_fields or {}
    if conversation.tool_config is not None:
        body |= _tools(conversation.tool_config, fields.get("tool_choice"), dialect)
    output = conversation.output_config or {}
    if (form := output.get("textFormat")) is not None:
        body["response_format"] = _format(form, dialect)
    effort = fields.get("reasoning_effort") or output.get("effort")
    if effort is not None:
        body["reasoning_effort"] = effort
    if dialect.has_tiers:
        body["service_tier"] = conversation.tier or "default"
    if is_streamed:
        body["stream"] = True
        if dialect.stream_options:
            body["stream_options"] = {"include_usage": True}
    return encode(body)


def _tools(config: ToolConfig, more: Any, dialect: Dialect) -> Json:
    tools = []
    for tool in config.tools:
        if tool.tool_spec is None:
            continue
        spec = tool.tool_spec
        function: Json = {"name": spec.name, "parameters": spec.input_schema.json}
        if spec.description:
            function["description"] = spec.description
        if spec.strict and dialect.takes_strict and is_strict(spec.input_schema.json):
            function["strict"] = True
        tools.append({"type": "function", "function": function})
    found: Json = {"tools": tools}
    choice = config.tool_choice
    if choice is not None:
        kind = next(iter(choice), "auto")
        named = (
            {"type": "function", "function": {"name": choice[kind].get("name")}} if kind == "tool" else None
        )
        found["tool_choice"] = named or _CHOICES[kind]
    if isinstance(more, dict):
        if more.get("type") == "none":
            found["tool_choice"] = "none"
        if more.get("disable_parallel_tool_use"):
            found["parallel_tool_calls"] = False
    return found


def _format(form: Json, dialect: Dialect) -> Json:
    """The form of the answer. It is checked when it has come, so that a schema outside of strict mode is a hint here."""
    if form.get("type") != "json_schema":
        return {"type": "json_object"}
    definition = (form.get("structure") or {}).get("jsonSchema") or {}
    schema = with_items(orjson.loads(definition.get("schema") or "{}"))
    name = _NOT_IN_NAME.sub("_", str(definition.get("name") or "answer"))[:_MAX_NAME]
    made: Json = {"name": name, "schema": schema}
    if dialect.takes_strict:
        made["strict"] = is_strict(schema)
    return {"type": "json_schema", "json_schema": made}
