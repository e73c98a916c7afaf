"""PURE: which values an answer holds: by the placeholders that stand for them."""

from collections.abc import Sequence

from gateway.events import Citations, Event, Raw, ReasoningDelta, TextDelta, ToolDelta
from governance.privacy.policy.placeholders import spelling, token_of


def tokens_in(events: Sequence[Event], entities: frozenset[str]) -> set[str]:
    """The placeholders of an answer, however they are spelt."""
    found: set[str] = set()
    # A placeholder may be cut in two by events of a stream: what is kept has each block in one piece, or in long ones.
    for text in _texts(events):
        if "_" in text:
            found.update(token_of(match) for match in spelling(entities).finditer(text))
    return found


def _texts(events: Sequence[Event]) -> list[str]:
    blocks: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, TextDelta):
            blocks.setdefault(event.index, []).append(event.text)
        elif isinstance(event, ToolDelta):
            blocks.setdefault(event.index, []).append(event.arguments)
        elif isinstance(event, (ReasoningDelta, Raw)):
            blocks.setdefault(event.index, []).append(event.text)
    sources = [str(event.found) for event in events if isinstance(event, Citations)]
    return sources + ["".join(parts) for parts in blocks.values()]
