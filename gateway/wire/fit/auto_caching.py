"""PURE: cache points where the caller has set none, for routes that place them by themselves.

What a conversation's next call begins with again is marked: tools, the system prompt, and all up to the last user's turn but
one. The turn before that is what the call before has marked, so it is marked again, to be read: of models without Claude's look
back by 20 blocks nothing is read but at a point (AWS user guide, Prompt caching: Simplified cache management).
"""

from collections.abc import Iterable
from typing import Any

from gateway.conversation import Block, Message, SystemBlock, Tool, ToolConfig, encode
from gateway.wire.beginnings import is_known_volatile
from gateway.wire.fit.caching import is_text_document
from gateway.wire.fit.work import Work

_BYTES_PER_TOKEN = 4
_MEDIA_BYTES = 6_400
"""What an image or a document counts for, as in gateway/wire/cached_prefixes.py."""
_POINT = {"type": "default"}
_FROM_THE_END = (-2, -3)
"""Of the turns of users."""


def place_cache_points(work: Work) -> None:
    """Marks what comes again, where it is long enough for the model to keep."""
    most, places = work.capability.cache_points, work.capability.cache_places
    if not most:
        return
    length = 0
    found: list[tuple[str, int]] = []
    conversation = work.conversation
    if conversation.tool_config is not None:
        length += sum(len(encode(tool)) for tool in conversation.tool_config.tools)
        found += _place(work, "tools", 0, length, places)
    system = _with_volatile_last(work, conversation.system)
    if system:
        length += sum(len(block.text or "") for block in system if not is_known_volatile(block.text))
        found += _place(work, "system", 0, length, places)
    turns = [number for number, message in enumerate(conversation.messages) if message.role == "user"]
    marked = {turns[place] for place in _FROM_THE_END if len(turns) >= -place}
    for number, message in enumerate(conversation.messages[: max(marked, default=-1) + 1]):
        length += sum(map(_weight, message.content))
        if number in marked and message.content and not is_text_document(message.content[-1].document):
            found += _place(work, "messages", number, length, places)
    if found:
        _mark(work, found[-most:], system)


def _place(
    work: Work, place: str, number: int, length: int, places: tuple[str, ...]
) -> list[tuple[str, int]]:
    is_long = length >= work.capability.cache_min_tokens * _BYTES_PER_TOKEN
    return [(place, number)] if is_long and place in places else []


def _with_volatile_last(work: Work, system: list[SystemBlock] | None) -> list[SystemBlock] | None:
    """The system prompt, a first block that is known to differ each time behind the rest."""
    if system is None or len(system) < 2 or not is_known_volatile(system[0].text):
        return system
    return [*system[1:], system[0]]


def _weight(block: Block) -> int:
    """Bytes that a block counts for."""
    if block.text is not None:
        return len(block.text)
    if block.image or block.document or block.video:
        return _MEDIA_BYTES
    return len(encode(block))


def _mark(work: Work, found: Iterable[tuple[str, int]], system: list[SystemBlock] | None) -> None:
    conversation = work.conversation
    changes: dict[str, Any] = {}
    messages = list(conversation.messages)
    for place, number in found:
        if place == "tools":
            config = conversation.tool_config
            assert config is not None
            changes["tool_config"] = ToolConfig(
                tools=[*config.tools, Tool(cache_point=_POINT)], tool_choice=config.tool_choice
            )
            work.say(work.member("tools"), "marked", "cache_point")
        elif place == "system":
            assert system is not None
            changes["system"] = _marked_system(work, system)
            work.say(work.member("system"), "marked", "cache_point")
        else:
            message = messages[number]
            work.say(work.where(message.content[-1]), "marked", "cache_point")
            messages[number] = Message(
                role=message.role, content=[*message.content, Block(cache_point=_POINT)]
            )
    work.change(messages=messages, **changes)


def _marked_system(work: Work, system: list[SystemBlock]) -> list[SystemBlock]:
    """The system prompt with a point behind all of it but what differs each time."""
    point = SystemBlock(cache_point=_POINT)
    if len(system) > 1 and is_known_volatile(system[-1].text):
        work.say(f"{work.member('system')}[0]", "moved", "behind the cached prefix")
        return [*system[:-1], point, system[-1]]
    return [*system, point]
