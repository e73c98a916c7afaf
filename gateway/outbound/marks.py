"""PURE: what was put into a prompt against forged marks, taken out of the answer again: a caller never sees it.

Reasoning stays as it is: it goes back to the model with a signature over each of its letters.
"""

import re
from collections.abc import Iterator
from typing import Any

from gateway.events import BlockStop, Citations, Event, Finished, Raw, TextDelta, ToolDelta
from gateway.outbound.raw import RawHold, rewritten, told_anew
from governance.screening.policy.defence import BREAK, marks_of

_ESCAPED = f"\\u{ord(BREAK):04x}"
"""As JSON may write it, in the arguments of tools."""


class MarksFilter:
    """Of one reply. A part of a mark at the end of a piece is held back until it is known what it becomes."""

    def __init__(self, digits: str) -> None:
        marks = marks_of(digits) if digits else ()
        self._tokens = (BREAK, _ESCAPED, *marks)
        self._pattern = re.compile("|".join(map(re.escape, self._tokens)), re.IGNORECASE)
        self._held: dict[tuple[int, type[Event]], str] = {}
        self._raw = RawHold(self._whole)

    def feed(self, event: Event) -> Iterator[Event]:
        """The events that are certain after this one."""
        match event:
            case TextDelta(index, text):
                if certain := self._piece(index, TextDelta, text):
                    yield TextDelta(index, certain)
            case ToolDelta(index, arguments):
                if certain := self._piece(index, ToolDelta, arguments):
                    yield ToolDelta(index, certain)
            case BlockStop(index):
                yield from self._close(index)
                yield from self._raw.close(index)
                yield event
            case Finished():
                for index in sorted({index for index, _ in self._held}):
                    yield from self._close(index)
                yield from self._raw.close()
                yield told_anew(event, self._whole)
            case Citations(index, found):
                yield Citations(index, rewritten(found, self._whole))
            case Raw():
                yield from self._raw.feed(event)
            case _:
                yield event

    def _whole(self, text: str) -> str:
        return self._pattern.sub("", text)

    def _piece(self, index: int, kind: type[Event], text: str) -> str:
        text = self._whole(self._held.pop((index, kind), "") + text)
        cut = len(text) - self._open(text)
        if cut < len(text):
            self._held[index, kind] = text[cut:]
        return text[:cut]

    def _open(self, text: str) -> int:
        """How many characters at the end may be the beginning of what is to be taken out."""
        folded = text[-max(map(len, self._tokens)) :].lower()
        return max(
            (
                length
                for token in self._tokens
                for length in range(min(len(token) - 1, len(folded)), 0, -1)
                if token.lower().startswith(folded[-length:])
            ),
            default=0,
        )

    def _close(self, index: int) -> Iterator[Event]:
        for kind in (TextDelta, ToolDelta):
            if rest := self._held.pop((index, kind), ""):
                make: Any = kind
                yield make(index, rest)
