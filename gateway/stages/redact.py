import asyncio
from collections.abc import Awaitable

from gateway.bodies import keep_raw
from gateway.call import Call
from gateway.conversation import Block, Conversation, Json
from gateway.runtime import Gateway
from governance.policy.masking import Mask

_OPAQUE = frozenset({"bytes", "format", "signature", "redactedContent", "type", "pattern", "$ref"})
"""Members whose values are no text: media, words of the protocol, and of JSON Schema what a placeholder would break."""


def redact(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Puts placeholders in the place of personal data, everywhere the model could read it."""
    if call.is_large:
        return asyncio.to_thread(_redact, call, gateway)
    _redact(call, gateway)
    return None


def _redact(call: Call, gateway: Gateway) -> None:
    assert call.key is not None
    keep_raw(call)
    mask = Mask(key=call.key.team.placeholder_key, find=gateway.recognizers.find)
    _redact_conversation(call.conversation, mask)
    call.mask = mask  # only now: what is stored of a call is redacted whole, or nothing
    call.findings = dict(mask.counts)  # of the request: what the answer adds is counted nowhere


def _redact_conversation(conversation: Conversation, mask: Mask) -> None:
    for system in conversation.system or ():
        if system.text is not None:
            system.text = mask.hide(system.text)
        elif system.guard_content is not None:
            system.guard_content = _hide_members(system.guard_content, mask)
    for message in conversation.messages:
        for block in message.content:
            if block.text is not None:
                block.text = mask.hide(block.text)
            else:
                _redact_block(block, mask)
    if conversation.tool_config is not None:
        for tool in conversation.tool_config.tools:
            if (spec := tool.tool_spec) is not None:
                spec.description = None if spec.description is None else mask.hide(spec.description)
                spec.input_schema.json = _hide_any(spec.input_schema.json, mask)
    if conversation.output_config is not None:
        conversation.output_config = _hide_members(conversation.output_config, mask)
    if conversation.additional_model_request_fields is not None:
        conversation.additional_model_request_fields = mask.hide_json(
            conversation.additional_model_request_fields
        )
    if conversation.request_metadata is not None:
        conversation.request_metadata = mask.hide_json(conversation.request_metadata)


def _redact_block(block: Block, mask: Mask) -> None:
    if block.tool_use is not None:
        block.tool_use.input = mask.hide_json(block.tool_use.input)
    elif block.tool_result is not None:
        for part in block.tool_result.content:
            if part.text is not None:
                part.text = mask.hide(part.text)
            if isinstance(part.json, dict | list | str):
                part.json = mask.hide_json(part.json)
            for name in ("document", "search_result"):
                if (member := getattr(part, name)) is not None:
                    setattr(part, name, _hide_members(member, mask))
    else:
        for name in ("document", "guard_content", "citations_content", "search_result", "reasoning_content"):
            if (member := getattr(block, name)) is not None:
                setattr(block, name, _hide_members(member, mask))


def _hide_members(value: Json, mask: Mask) -> Json:
    return {name: member if name in _OPAQUE else _hide_any(member, mask) for name, member in value.items()}


def _hide_any(value: object, mask: Mask) -> object:
    if isinstance(value, dict):
        return _hide_members(value, mask)
    if isinstance(value, list):
        return [_hide_any(member, mask) for member in value]
    return mask.hide(value) if isinstance(value, str) else value
