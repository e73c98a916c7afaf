"""PURE: cache points, which Converse takes where the model has a prompt cache, and four of them at most."""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.conversation import Json, Message, ToolConfig
from gateway.wire.fit.work import Work

_DENIED = "You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information."
_MAX_WORDS = (
    "The model returned the following errors: A maximum of 4 blocks with cache_control may be provided."
)
_LATER_WORDS = "The model returned the following errors: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"
_SHORT = "5m"
_FIRST_WORDS = "The cachePoint content block cannot be the first content block of a message."


def mend_cache_points(work: Work) -> None:
    """Drops cache points that the model does not take, those that follow another or stand first, and all but the last few."""
    conversation, capability = work.conversation, work.capability
    # In the order of the prompt: tools, system, messages.
    lists: list[tuple[str, list[Any]]] = [
        ("tools", conversation.tool_config.tools if conversation.tool_config is not None else []),
        ("system", conversation.system or []),
        *(("messages", message.content) for message in conversation.messages),
    ]
    dropped: set[int] = set()
    had_short = False
    points = list(_points(lists))
    for place, number, items in points:
        point = items[number].cache_point
        where = work.where(items[number]) if place == "messages" else work.member(place)
        if place not in capability.cache_places or not capability.cache_points:
            told, words = f"the model {capability.model_id} has no prompt cache here.", _DENIED
        elif number == 0 or items[number - 1].cache_point is not None:
            told, words = "a cache point must stand behind a block.", _FIRST_WORDS
        elif place == "messages" and _is_text_document(items[number - 1].document):
            told = "a cache point can't stand right behind a document of text."
            words = "The model returned the following errors: messages.0.content.1.type: Field required"
        else:
            lifetime = point.get("ttl") or _SHORT
            told = ""
            if lifetime not in capability.cache_lifetimes:
                told, words = "the model has no cache of this lifetime.", _DENIED
            elif lifetime != _SHORT and had_short:
                told, words = "a longer lifetime must not follow a shorter one.", _LATER_WORDS
            if told and work.breaks("cache_points", where, told, words):
                work.say(where, "dropped", "ttl")
                work.lifetimes_dropped.add(id(items[number]))
                lifetime = _SHORT
            had_short = had_short or lifetime == _SHORT
            continue
        if work.breaks("cache_points", where, told, words):
            work.say(where, "dropped", "cache_point")
            dropped.add(id(items[number]))
    left = [(place, number, items) for place, number, items in points if id(items[number]) not in dropped]
    if capability.cache_points and len(left) > capability.cache_points:
        for place, number, items in left[: -capability.cache_points]:
            where = work.where(items[number]) if place == "messages" else work.member(place)
            if work.breaks(
                "cache_points",
                where,
                f"there are more than {capability.cache_points} cache points.",
                _MAX_WORDS,
            ):
                work.say(where, "dropped", "cache_point")
                dropped.add(id(items[number]))
    if dropped or work.lifetimes_dropped:
        _rebuild(work, lambda item: id(item) not in dropped)


def _is_text_document(document: Json | None) -> bool:
    """One report (pizza-bot-app/pizza-bot#6)."""
    source = (document or {}).get("source")
    return isinstance(source, dict) and ("text" in source or "content" in source)


def _points(lists: list[tuple[str, list[Any]]]) -> Iterator[tuple[str, int, list[Any]]]:
    for place, items in lists:
        for number, item in enumerate(items):
            if item.cache_point is not None:
                yield place, number, items


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
