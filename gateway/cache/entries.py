"""PURE: an answer as it is kept: its events, masked, without what it used, which a repeat does not use again."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Finished,
    Raw,
    ReasoningDelta,
    Score,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
    Vector,
)
from gateway.wire.fit.output import ANSWER_TOOL

MAX_BYTES = 256 * 1024
_PIECE = 1000
"""Characters of a text that go as one event."""
_TYPES: dict[str, type[Event]] = {
    each.__name__: each
    for each in (BlockStop, Citations, Raw, ReasoningDelta, Score, TextDelta, ToolDelta, ToolStart, Vector)
}
_END = "Finished"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def encode(events: Iterable[Event]) -> bytes:
    """Bytes for `decode`."""
    return _encode([_row(each) for each in events])


def _row(event: Event) -> list[Any]:
    if isinstance(event, Finished):
        return [_END, event.stop_reason, event.stop_sequence]
    if isinstance(event, Vector):
        return ["Vector", event.index, event.values, 0, event.by_type]
    return [type(event).__name__, *msgspec.structs.astuple(event)]


def decode(kept: bytes) -> list[Event]:
    """The events. Raises msgspec.DecodeError or KeyError for what is no answer."""
    return [_event(row) for row in _decode(kept)]


def _event(row: list[Any]) -> Event:
    if row[0] == _END:
        return Finished(row[1], Usage(), stop_sequence=row[2])
    return _TYPES[row[0]](*row[1:])


def settled(events: Iterable[Event], *, by_tool: bool) -> list[Event]:
    """The events of an answer as they are kept: texts in pieces that do not depend on how they came; and where Gatehouse's own
    tool wrote an answer of a schema (`by_tool`), the answer as text, which whoever has no tool can read, too."""
    found: list[Event] = []
    answer_tools: set[int] = set()
    for event in events:
        if by_tool and isinstance(event, ToolStart) and event.name == ANSWER_TOOL:
            answer_tools.add(event.index)
            continue
        if isinstance(event, ToolDelta) and event.index in answer_tools:
            event = TextDelta(event.index, event.arguments)
        if isinstance(event, Finished) and answer_tools:
            event = Finished("end_turn", Usage())
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta) and last.index == event.index:
            found[-1] = TextDelta(last.index, last.text + event.text)
        else:
            found.append(event)
    return [piece for event in found for piece in _pieces(event)]


def _pieces(event: Event) -> Iterator[Event]:
    if isinstance(event, TextDelta) and len(event.text) > _PIECE:
        for start in range(0, len(event.text), _PIECE):
            yield TextDelta(event.index, event.text[start : start + _PIECE])
    else:
        yield event


def text_of(events: Iterable[Event]) -> str:
    """What people can read of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))
