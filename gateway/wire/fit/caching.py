"""PURE: cache points, which Converse takes where the model has a prompt cache, and four of them at most."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.conversation import Json, Message, ToolConfig
from gateway.wire.fit.work import Work

_DENIED = "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."
_MAX_WORDS = (
    "The model returned the following errors: A maximum of 4 blocks with cache_control may be provided."
)
_LATER_WORDS = "The model returned the following errors: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"
_BEHIND_TEXT_WORDS = "The model returned the following errors: messages.0.content.1.type: Field required"
_SHORT = "5m"
_FIRST_WORDS = "The cachePoint content block cannot be the first content block of a message."


@dataclass(frozen=True, slots=True)
class _Point:
    """A cache point and what stands before it: in tools, the system prompt or a message."""

    place: str
    item: Any
    before: Any

    def where(self, work: Work) -> str:
        return work.where(self.item) if self.place == "messages" else work.member(self.place)


def mend_cache_points(work: Work) -> None:
    """Drops cache points that the model does not take, those that follow another or stand first, and all but the last few."""
    points = list(_points(work))
    dropped: set[int] = set()
    had_short = False
    for point in points:
        if (wrong := _misplaced(work, point)) is None:
            had_short = _mend_lifetime(work, point, had_short=had_short) == _SHORT or had_short
        elif _drop(work, point, *wrong):
            dropped.add(id(point.item))
    most = work.capability.cache_points
    left = [point for point in points if id(point.item) not in dropped]
    for point in left[:-most] if most else ():
        if _drop(work, point, f"there are more than {most} cache points.", _MAX_WORDS):
            dropped.add(id(point.item))
    if dropped or work.lifetimes_dropped:
        _rebuild(work, lambda item: id(item) not in dropped)


def _points(work: Work) -> Iterator[_Point]:
    """In the order of the prompt: tools, system, messages."""
    conversation = work.conversation
    lists: list[tuple[str, list[Any]]] = [
        ("tools", conversation.tool_config.tools if conversation.tool_config is not None else []),
        ("system", conversation.system or []),
        *(("messages", message.content) for message in conversation.messages),
    ]
    for place, items in lists:
        for number, item in enumerate(items):
            if item.cache_point is not None:
                yield _Point(place, item, items[number - 1] if number else None)


def _misplaced(work: Work, point: _Point) -> tuple[str, str] | None:
    """What is wrong with where a point stands, in our words and in Bedrock's."""
    capability = work.capability
    if point.place not in capability.cache_places or not capability.cache_points:
        return f"the model {capability.model_id} has no prompt cache here.", _DENIED
    if point.before is None or point.before.cache_point is not None:
        return "a cache point must stand behind a block.", _FIRST_WORDS
    if point.place == "messages" and is_text_document(point.before.document):
        return "a cache point can't stand right behind a document of text.", _BEHIND_TEXT_WORDS
    return None


def _drop(work: Work, point: _Point, told: str, words: str) -> bool:
    where = point.where(work)
    if not work.breaks("cache_points", where, told, words):
        return False
    work.say(where, "dropped", "cache_point")
    return True


def _mend_lifetime(work: Work, point: _Point, *, had_short: bool) -> str:
    """The lifetime that a point has in the end."""
    lifetime: str = point.item.cache_point.get("ttl") or _SHORT
    if lifetime not in work.capability.cache_lifetimes:
        told, words = "the model has no cache of this lifetime.", _DENIED
    elif lifetime != _SHORT and had_short:
        told, words = "a longer lifetime must not follow a shorter one.", _LATER_WORDS
    else:
        return lifetime
    where = point.where(work)
    if not work.breaks("cache_points", where, told, words):
        return lifetime
    work.say(where, "dropped", "ttl")
    work.lifetimes_dropped.add(id(point.item))
    return _SHORT


def is_text_document(document: Json | None) -> bool:
    """One report (pizza-bot-app/pizza-bot#6)."""
    source = (document or {}).get("source")
    return isinstance(source, dict) and ("text" in source or "content" in source)


def _rebuild(work: Work, stays: Callable[[Any], bool]) -> None:
    conversation = work.conversation
    for number, message in enumerate(conversation.messages):
        if not any(map(stays, message.content)):
            words = (
                f"The content field in the Message object at messages.{number} is empty. Add a ContentBlock object to the "
                "content field and try again."
            )
            raise work.refusal(
                work.where(message.content[0]), "the message has nothing but a cache point.", words
            )

    def kept(items: list[Any]) -> list[Any]:
        return [
            type(item)(cache_point=_plain(item.cache_point)) if id(item) in work.lifetimes_dropped else item
            for item in items
            if stays(item)
        ]

    changes: dict[str, Any] = {
        "messages": [
            Message(role=message.role, content=kept(message.content))
            if any(block.cache_point is not None for block in message.content)
            else message
            for message in conversation.messages
        ]
    }
    if conversation.system is not None:
        changes["system"] = kept(conversation.system) or None
    if (config := conversation.tool_config) is not None:
        changes["tool_config"] = ToolConfig(tools=kept(config.tools), tool_choice=config.tool_choice)
    work.change(**changes)


def _plain(point: Json) -> Json:
    return {name: value for name, value in point.items() if name != "ttl"}
