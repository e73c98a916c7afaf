"""PURE: a fitted conversation as the body of Anthropic's Messages. Source: the types of the `anthropic` SDK."""

from typing import Any

import orjson

from gateway.conversation import Conversation, Json, ToolConfig, encode
from gateway.providers.anthropic.blocks import mark, message_of, system_of

_FIELDS = ("thinking", "top_k")


def messages_body(conversation: Conversation, *, model: str, is_streamed: bool) -> bytes:
    """The body. Refusal invalid_request for what has no word there.

    The tier is said, so that the price which holds is the one that is known (API docs: Service tiers).
    """
    config = conversation.inference_config
    body: Json = {
        "model": model,
        "max_tokens": config.max_tokens if config is not None else None,
        "messages": [message_of(message) for message in conversation.messages],
        "service_tier": "standard_only",
    }
    if system := system_of(conversation.system or []):
        body["system"] = system
    if config is not None:
        values = {
            "temperature": config.temperature,
            "top_p": config.top_p,
            "stop_sequences": config.stop_sequences,
        }
        body |= {name: value for name, value in values.items() if value not in (None, [])}
    fields = conversation.additional_model_request_fields or {}
    body |= {name: fields[name] for name in _FIELDS if name in fields}
    if conversation.tool_config is not None:
        body |= _tools(conversation.tool_config, fields.get("tool_choice"))
    if output := _output(conversation.output_config or {}):
        body["output_config"] = output
    if is_streamed:
        body["stream"] = True
    return encode(body)


def betas_of(conversation: Conversation) -> str:
    """The header `anthropic-beta`; empty where there is nothing to say in it."""
    names = (conversation.additional_model_request_fields or {}).get("anthropic_beta")
    return ",".join(map(str, names)) if isinstance(names, list) else ""


def _tools(config: ToolConfig, more: Any) -> Json:
    tools: list[Json] = []
    for tool in config.tools:
        if tool.cache_point is not None:
            mark(tools, tool.cache_point)
        elif tool.tool_spec is not None:
            spec = tool.tool_spec
            made: Json = {"name": spec.name, "input_schema": spec.input_schema.json}
            if spec.description:
                made["description"] = spec.description
            if spec.strict:
                made["strict"] = True
            tools.append(made)
    choice: Json = {}
    if config.tool_choice is not None:
        kind = next(iter(config.tool_choice), "auto")
        choice = {"type": kind}
        if kind == "tool":
            choice["name"] = config.tool_choice["tool"].get("name")
    if isinstance(more, dict):
        choice |= {name: value for name, value in more.items() if name != "type" or not choice}
    if choice and "type" not in choice:
        choice["type"] = "auto"
    return {"tools": tools} | ({"tool_choice": choice} if choice else {})


def _output(config: Json) -> Json:
    found: Json = {}
    if config.get("effort"):
        found["effort"] = config["effort"]
    form = config.get("textFormat")
    if isinstance(form, dict):
        definition = (form.get("structure") or {}).get("jsonSchema") or {}
        found["format"] = {"type": "json_schema", "schema": orjson.loads(definition.get("schema") or "{}")}
    return found
