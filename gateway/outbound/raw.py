"""PURE: filters over what Gatehouse passes on as JSON: blocks of unknown kinds, citations, what is said at the end."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gateway.events import Event, Extras, Finished, Raw

Change = Callable[[str], str]
_Path = tuple[str | int, ...]

_OPAQUE = frozenset(
    {"bytes", "signature", "redactedContent", "format", "type", "toolUseId", "latency", "ttl"}
)
"""Members whose strings are no text: media, and words of the protocol."""


def rewritten(value: Any, change: Change) -> Any:
    """The same JSON with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [rewritten(each, change) for each in value]
    if isinstance(value, dict):
        return {
            name: member if name in _OPAQUE else rewritten(member, change) for name, member in value.items()
        }
    return value


def told_anew(finished: Finished, change: Change) -> Finished:
    """With the texts changed that an answer ends with."""
    if finished.extras is None:
        return finished
    extras = finished.extras
    changed = {name: rewritten(getattr(extras, name), change) for name in ("response_fields", "trace")}
    return msgspec.structs.replace(finished, extras=Extras(**(msgspec.structs.asdict(extras) | changed)))


class RawHold:
    """Holds deltas of unknown kinds back until their block ends, since what is looked for may begin in one and end in
    another. Pieces of one text stand at the same place in each: they are changed as one, which the first then has."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._held: dict[int, list[Raw]] = {}

    def feed(self, event: Raw) -> Iterator[Event]:
        if event.place == "delta":
            self._held.setdefault(event.index, []).append(event)
        else:
            yield _anew(event, rewritten(event.data, self._change))

    def close(self, index: int | None = None) -> Iterator[Event]:
        """What was held back of a block, or of all."""
        for each in sorted(self._held) if index is None else (index,):
            yield from self._changed(self._held.pop(each, []))

    def _changed(self, events: list[Raw]) -> Iterator[Event]:
        texts: dict[_Path, list[str]] = defaultdict(list)
        for event in events:
            for path, text in _texts(event.data):
                texts[path].append(text)
        changed = {}
        for path, pieces in texts.items():
            whole = "".join(pieces)
            shown = self._change(whole)
            changed[path] = iter(pieces if shown == whole else [shown] + [""] * (len(pieces) - 1))
        for event in events:
            yield _anew(event, _placed(event.data, changed))


def _anew(event: Raw, data: dict[str, Any]) -> Raw:
    return event if data == event.data else msgspec.structs.replace(event, data=data)


def _texts(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, number))
    elif isinstance(value, dict):
        for name, member in value.items():
            if name not in _OPAQUE:
                yield from _texts(member, (*path, name))


def _placed(value: Any, texts: dict[_Path, Iterator[str]], path: _Path = ()) -> Any:
    if isinstance(value, str):
        return next(texts[path])
    if isinstance(value, list):
        return [_placed(each, texts, (*path, number)) for number, each in enumerate(value)]
    if isinstance(value, dict):
        return {
            name: member if name in _OPAQUE else _placed(member, texts, (*path, name))
            for name, member in value.items()
        }
    return value
