"""PURE: what was put into a prompt against forged marks, taken out of the answer again: a caller never sees it.

Reasoning stays as it is: it goes back to the model with a signature over each of its letters.
"""

import re

from gateway.events import Event, ReasoningDelta
from gateway.outbound.links import Passing
from gateway.outbound.screen import BlockFilter, ScreenFilter
from governance.screening.policy.defence import BREAK, marks_of

_ESCAPED = f"\\u{ord(BREAK):04x}"
"""As JSON may write it, in the arguments of tools."""


def marks_filter(letters: str) -> ScreenFilter:
    """Of one reply, whose marks have these letters; without any only words were broken."""
    tokens = (BREAK, _ESCAPED, *(marks_of(letters) if letters else ()))

    def make(kind: type[Event]) -> BlockFilter:
        return Passing() if kind is ReasoningDelta else MarkScreen(tokens)

    return ScreenFilter(make)


class MarkScreen:
    """One block of text. A part of a mark at its end is held back until it is known what it becomes."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._pattern = re.compile("|".join(map(re.escape, tokens)), re.IGNORECASE)
        self._held = ""

    def feed(self, text: str) -> str:
        """What is certain."""
        text = self._pattern.sub("", self._held + text)
        cut = len(text) - self._open(text)
        self._held = text[cut:]
        return text[:cut]

    def close(self) -> str:
        """What was held back."""
        rest, self._held = self._held, ""
        return rest

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
