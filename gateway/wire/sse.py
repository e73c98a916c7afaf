"""PURE: server-sent events, as providers stream their answers. Source: the HTML standard, "Server-sent events"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 16 * 1024 * 1024


class CorruptEventsError(ValueError):
    """It is no stream of events, or one event goes on and on."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name, which may be empty, and its data."""

    name: str
    data: bytes


class EventDecoder:
    """Takes a stream in any pieces. Comments, by which providers keep a connection alive, are passed over."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self.has_begun = False
        """Whether anything has come, but for what tells of what kind of text it is."""

    @property
    def is_between_events(self) -> bool:
        """Whether all that came has been told."""
        return not self._rest.strip() and not self._data

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that are whole now. Raises CorruptEventsError."""
        rest = self._rest + chunk
        if not self.has_begun:
            if _BOM.startswith(rest):
                self._rest = rest if rest != _BOM else b""
                self.has_begun = rest == _BOM
                return
            rest, self.has_begun = rest.removeprefix(_BOM), True
        # A carriage return at the end may be the half of a line's end.
        held = rest[-1:] if rest.endswith(b"\r") else b""
        lines = _LINE.split(rest[: len(rest) - len(held)])
        self._rest = lines.pop() + held
        self._size += len(chunk)
        for line in lines:
            if line:
                self._take(line)
            elif self._data or self._name:
                yield from self._whole()
            else:
                self._size = len(self._rest)
        if self._size > MAX_EVENT_BYTES:
            raise CorruptEventsError("An event is too long.")

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name and name not in (b"id", b"retry"):
            raise CorruptEventsError("It is not a field of an event.")

    def _whole(self) -> Iterator[ServerEvent]:
        name, data = self._name, b"\n".join(self._data)
        self._name, self._data, self._size = "", [], len(self._rest)
        if data:
            yield ServerEvent(name, data)
