"""PURE: OpenAI's `prompt_cache_key`: whoever sends one expects the provider to keep the prompt.

OpenAI keeps prompts of itself, and the key says which go together (OpenAI API reference, Prompt caching). Models on Bedrock
keep what is marked (AWS user guide, Prompt caching): so the prompt is marked behind what stays, tools and system prompt, and
at its end, from which the next turn goes on.
"""

from typing import Any

from gateway.call.places import Places
from gateway.conversation import Block, Conversation, SystemBlock, Tool

_POINT = {"type": "default"}


def mark_for_cache(conversation: Conversation, key: Any, places: Places) -> None:
    """Marks a prompt with a key, unless the caller has marked it already."""
    if not isinstance(key, str) or not key or not conversation.messages or _is_marked(conversation):
        return
    if conversation.system:
        conversation.system.append(SystemBlock(cache_point=dict(_POINT)))
    elif conversation.tool_config is not None:
        conversation.tool_config.tools.append(Tool(cache_point=dict(_POINT)))
    end = places.note(Block(cache_point=dict(_POINT)), "prompt_cache_key")
    conversation.messages[-1].content.append(end)


def _is_marked(conversation: Conversation) -> bool:
    config = conversation.tool_config
    return (
        any(block.cache_point for block in conversation.system or ())
        or (config is not None and any(tool.cache_point for tool in config.tools))
        or any(block.cache_point for message in conversation.messages for block in message.content)
    )
