"""PURE: blocks, starts and deltas of kinds that Gatehouse does not know, as events.

Bedrock adds kinds. A Converse caller gets them as they came; a caller of another format is told their text.
"""

from collections.abc import Iterator
from typing import Any, Literal

import orjson

from gateway.events import Event, Json, Raw, TextDelta

_NOT_SAID = frozenset(
    {"bytes", "signature", "redactedContent", "source", "sourceContent", "citations", "title"}
)
"""Members beside a block's text that are none of it: media, sources, and what is opaque."""
_SAID = frozenset({"text", "content", "message", "transcript"})
"""Members that are text where they are a string."""


def unknown(
    index: int, place: Literal["block", "start", "delta"], data: Json, *, takes_raw: bool
) -> Iterator[Event]:
    """One event: as it came where the caller's format takes that, else its text where it has one."""
    text = "".join(_texts(next(iter(data.values()), None)))
    if text and not takes_raw:
        yield TextDelta(index, text)
    elif data:
        yield Raw(index, place, data, text)


def _texts(value: Any) -> Iterator[str]:
    """A block that is a text, and members that people can read, wherever they stand."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each) if not isinstance(each, str) else ()
    elif isinstance(value, dict):
        for name, member in value.items():
            if name == "json":
                yield orjson.dumps(member).decode()
            elif name in _SAID or (name not in _NOT_SAID and not isinstance(member, str)):
                yield from _texts(member)
