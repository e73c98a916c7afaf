"""PURE: which deployment has the beginning of a prompt in its cache, as far as can be told without asking.

All processes send a beginning to the same deployment by its hash (rendezvous hashing: Thaler and Ravishankar, "Using
Name-Based Mappings to Increase Hit Rates", 1998), so it is written once, and read wherever a conversation goes on.
"""

from __future__ import annotations

from hashlib import blake2b

from gateway.conversation import Conversation, Message, encode

_MIN_BYTES = 4096
"""Of tools and system prompt: about what 1,024 tokens have, the least that any model caches (AWS user guide, Prompt caching)."""
_OTHER_BYTES = 400


def key_of(conversation: Conversation) -> bytes | None:
    """What calls have in common that can share a cache: tools and system prompt where they are long, else the first message
    with them; None for what is too short to be cached."""
    prefix = b""
    if conversation.system is not None or conversation.tool_config is not None:
        prefix = encode((conversation.tool_config, conversation.system))
    if len(prefix) >= _MIN_BYTES:
        return blake2b(prefix, digest_size=8).digest()
    if not conversation.messages:
        return None
    hashed = blake2b(prefix, digest_size=8)
    hashed.update(encode(conversation.messages[0]))
    if len(prefix) + sum(_length(each) for each in conversation.messages) < _MIN_BYTES:
        return None
    return hashed.digest()


def home_order(key: bytes, deployment_ids: list[int]) -> list[int]:
    """The places in the list, the home of the key first, then those that stand in for it."""
    ranks = [blake2b(b"%d" % each, key=key, digest_size=8).digest() for each in deployment_ids]
    return sorted(range(len(ranks)), key=ranks.__getitem__, reverse=True)


def _length(message: Message) -> int:
    """About how many bytes a message has; of what is no text, some."""
    return sum(len(block.text or "") or _OTHER_BYTES for block in message.content)
