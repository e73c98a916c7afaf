"""PURE: beginnings of prompts that differ from call to call before what stays the same: a provider's cache, which keeps whole
beginnings, has nothing of such prompts.

A clock, a random ID or a counter in the first lines does that. It is found by comparing the parts of a prompt that should be the
same, by keyed hashes, with those of the calls before, of the same application and route.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from gateway.conversation import Conversation, encode

BILLING = "x-anthropic-billing-header:"
"""How the first system block of Claude Code begins: it has signs that differ from one conversation to the next."""
_LINES = 24
"""Lines at the beginning of each text that are told apart; the rest of it is one part."""
_MAX_PARTS = 200
_REMEMBERED = 6
"""Calls of an application and route that a prompt is compared with."""
_MAX_KNOWN = 2_000
"""Applications and routes; of more, those that called longest ago are forgotten."""
_PAUSE_SECONDS = 1.0
"""Prompts of one application and route are compared so often at most: it takes time with their length."""
_BYTES_PER_TOKEN = 4
_DIGEST_BYTES = 8


def is_known_volatile(text: str | None) -> bool:
    """Whether a system block is one that clients are known to send, another each time."""
    return text is not None and text.startswith(BILLING)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a prompt's beginning: its place, its hash and its bytes."""

    place: str
    digest: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Volatile:
    """What differed: the place of the first difference, and about how many tokens after it were the same all the same."""

    place: str
    tokens: int


def parts_of(conversation: Conversation, *, key: bytes) -> list[Part]:
    """Tools and system prompt in the order in which models read them, line by line where they begin."""
    parts: list[Part] = []
    for place, text in _texts(conversation):
        digest = blake2b(text, key=key, digest_size=_DIGEST_BYTES).digest()
        parts.append(Part(place, digest, len(text)))
        if len(parts) == _MAX_PARTS:
            break
    return parts


def _texts(conversation: Conversation) -> Iterator[tuple[str, bytes]]:
    if conversation.tool_config is not None:
        for number, tool in enumerate(conversation.tool_config.tools):
            if tool.cache_point is None:
                yield f"tools[{number}]", encode(tool)
    for number, block in enumerate(block for block in conversation.system or () if block.text is not None):
        *lines, rest = (block.text or "").encode("utf-8", "surrogatepass").split(b"\n", _LINES)
        for line, text in enumerate(lines, 1):
            yield f"system[{number}] line {line}", text
        yield f"system[{number}] line {len(lines) + 1}{' on' if len(lines) == _LINES else ''}", rest


def difference(one: list[Part], other: list[Part], *, least_tokens: int) -> Volatile | None:
    """Where one of two prompts differs from the other before a part that is the same in both, and long enough to be cached.

    None where they are the same, where nothing of that length comes after what differs, or where they are of two kinds: they have
    other parts, or most of them differ.
    """
    if len(one) != len(other):
        return None
    differing = [number for number, (a, b) in enumerate(zip(one, other, strict=True)) if a.digest != b.digest]
    if not differing or 2 * len(differing) > len(one):
        return None
    same = sum(part.length for part in one[differing[0] :]) - sum(one[number].length for number in differing)
    tokens = same // _BYTES_PER_TOKEN
    return Volatile(one[differing[0]].place, tokens) if tokens >= max(least_tokens, 1) else None


@dataclass(slots=True)
class _Known:
    digest: str = ""
    compared_at: float = float("-inf")
    seen: deque[list[Part]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Beginnings:
    """What one process knows of the beginnings of late. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str], _Known] = OrderedDict()

    def look(
        self,
        application_id: int,
        route: str,
        conversation: Conversation,
        *,
        digest: str,
        key: bytes,
        least_tokens: int,
        now: float,
    ) -> Volatile | None:
        """What differs from calls before, of the prompt of a call that has ended. `digest` is the hash of tools and system prompt:
        where it is the same as that of the call before, which is usual, nothing else is looked at."""
        place = application_id, route
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = _Known()
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        if known.digest == digest:
            return None
        self._known.move_to_end(place)
        known.digest = digest
        if now - known.compared_at < _PAUSE_SECONDS:
            return None
        known.compared_at = now
        parts = parts_of(conversation, key=key)
        found = (difference(parts, before, least_tokens=least_tokens) for before in known.seen)
        volatile = max(
            (each for each in found if each is not None), key=lambda each: each.tokens, default=None
        )
        known.seen.append(parts)
        return volatile
