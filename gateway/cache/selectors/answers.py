"""What is stored of answers, as people read it: masked."""

import msgspec

from gateway.cache import entries, passages
from gateway.cache.models import CacheEntry, Kind
from gateway.events import Event, Raw, ReasoningDelta, Score, TextDelta, ToolDelta, ToolStart, Vector

_MAX_CHARACTERS = 20_000


def answer_text(entry: CacheEntry) -> str:
    """The words of a stored answer, or of the passages that a question found; "" where there are none, or they can't be read."""
    kept = bytes(entry.answer)
    try:
        if entry.kind == Kind.RETRIEVAL:
            found = passages.decode(kept).passages
            return "\n\n".join(f"{each.document}: {each.text}" for each in found)[:_MAX_CHARACTERS]
        return "".join(map(_words, entries.decode(kept)))[:_MAX_CHARACTERS]
    except (msgspec.MsgspecError, LookupError, TypeError):
        return ""


def _words(event: Event) -> str:
    match event:
        case TextDelta() | Raw():
            return event.text
        case ReasoningDelta():
            return ""
        case ToolStart():
            return f"\n{event.name} "
        case ToolDelta():
            return event.arguments
        case Vector():
            return f"A vector of {len(event.values):,} numbers. "
        case Score():
            return f"{event.index}: {event.value:.3f} "
    return ""
