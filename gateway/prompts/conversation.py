"""PURE: the conversation that a rendered prompt makes, in Converse's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gateway.conversation import (
    Block,
    Conversation,
    InferenceConfig,
    InputSchema,
    Json,
    Message,
    SystemBlock,
    Tool,
    ToolConfig,
    ToolSpec,
)
from gateway.refusals import Refusal
from prompts.registry.policy.document import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prompts.registry.policy.rendering import Turn

_CACHE_POINT: Json = {"type": "default"}


def check_given(given: Conversation, document: Document) -> None:
    """Refusal invalid_request for what a caller of a prompt can't send."""
    if given.system:
        raise Refusal(
            "invalid_request",
            "A prompt has its own system message. Send user messages only.",
            param="messages",
        )
    if given.messages and not document.takes_messages:
        raise Refusal(
            "invalid_request", "This prompt takes variables only. Leave the messages out.", param="messages"
        )
    if given.tool_config is not None:
        raise Refusal("invalid_request", "A prompt has its own tools. Leave yours out.", param="tools")
    if given.is_json_wanted and document.output.schema is not None:
        raise Refusal(
            "invalid_request",
            "The prompt says itself what its answer looks like. Leave the format out.",
            param="response_format",
        )


def prompt_conversation(
    document: Document, turns: Sequence[Turn], given: Conversation, *, cached_turns: int = 0
) -> Conversation:
    """What the model is asked: the prompt's messages, its examples before them, what the caller sent after them."""
    system = [SystemBlock(text=turn.text) for turn in turns if turn.role == "system"]
    messages: list[Message] = []
    for example in document.examples:
        _add(messages, "user", example.user)
        _add(messages, "assistant", example.assistant)
    for turn in turns:
        if turn.role != "system":
            _add(messages, turn.role, turn.text)
    for message in given.messages:
        if messages and messages[-1].role == message.role:
            messages[-1].content.extend(message.content)
        else:
            messages.append(message)
    if document.caches_prefix and system and cached_turns >= len(system):
        system.append(SystemBlock(cache_point=dict(_CACHE_POINT)))
    return Conversation(
        messages=messages,
        system=system or None,
        inference_config=_inference(document, given.inference_config),
        tool_config=_tools(document),
        output_config=given.output_config,
        additional_model_request_fields=document.parameters.extra or given.additional_model_request_fields,
        additional_model_response_field_paths=given.additional_model_response_field_paths,
        request_metadata=given.request_metadata,
        performance_config=given.performance_config,
        service_tier=given.service_tier,
    )


def _add(messages: list[Message], role: Any, text: str) -> None:
    block = Block(text=text)
    if messages and messages[-1].role == role:
        messages[-1].content.append(block)
    else:
        messages.append(Message(role=role, content=[block]))


def _inference(document: Document, given: InferenceConfig | None) -> InferenceConfig:
    """The version's parameters; the caller's where it sets none. Fewer tokens may be asked for, never more."""
    given = given or InferenceConfig()
    own, most = document.parameters, document.limits.max_output_tokens
    asked = given.max_tokens
    return InferenceConfig(
        max_tokens=asked if not most else most if asked is None else min(asked, most),
        temperature=given.temperature if own.temperature is None else own.temperature,
        top_p=given.top_p if own.top_p is None else own.top_p,
        stop_sequences=list(own.stop_sequences) or given.stop_sequences,
    )


def _tools(document: Document) -> ToolConfig | None:
    if not document.tools:
        return None
    tools = [
        Tool(
            tool_spec=ToolSpec(
                name=tool.name,
                description=tool.description or None,
                input_schema=InputSchema(json=_copy(tool.schema)),
            )
        )
        for tool in document.tools
    ]
    choice: Json | None = None
    if document.tool_choice == "any":
        choice = {"any": {}}
    elif document.tool_choice != "auto":
        choice = {"tool": {"name": document.tool_choice}}
    return ToolConfig(tools=tools, tool_choice=choice)


def ask_for_schema(conversation: Conversation, schema_text: str) -> None:
    """Asks for an answer that fits a schema. How the model is held to it is decided where the request is fitted to it."""
    conversation.output_config = {
        **(conversation.output_config or {}),
        "textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"name": "answer", "schema": schema_text}},
        },
    }


def _copy(value: Json) -> Json:
    """A copy of its own: redaction changes texts in their place, and versions are shared by all calls."""
    copied: Json = msgspec.json.decode(msgspec.json.encode(value))
    return copied
