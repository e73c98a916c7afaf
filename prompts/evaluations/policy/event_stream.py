"""PURE: the gateway's stream of a prompt's run, read as it comes.

Source: HTML standard, "Server-sent events", of which the gateway writes `event` and one line of `data`; and comments, which
keep a silent stream open.
"""

from typing import Any

import orjson

_END = b"\n\n"


class EventReader:
    """Of one stream, which comes in pieces of any length."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[tuple[str, dict[str, Any]]]:
        """The events that a piece completes: the kind and the data of each. Comments are none."""
        *whole, self._rest = (self._rest + piece).split(_END)
        return [event for each in whole if (event := _event(each)) is not None]


def _event(text: bytes) -> tuple[str, dict[str, Any]] | None:
    fields = dict(line.split(b": ", 1) for line in text.split(b"\n") if line and not line.startswith(b":"))
    if b"data" not in fields:
        return None
    return fields[b"event"].decode(), orjson.loads(fields[b"data"])
