"""PURE: which beginnings of prompts a provider's cache holds, as far as calls that ended have told."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from gateway.conversation import Conversation, encode
from gateway.events import Usage

_MAX_PREFIXES = 10_000
"""Beginnings that are remembered; of more, those not used for longest are forgotten."""
_SECONDS = {"5m": 300.0, "1h": 3600.0}
"""How long a cache lives after each use. Source: AWS user guide, Prompt caching."""
_MIN_TOKENS = 1024
"""Shorter beginnings are not cached by any model of the Converse API. Source: the same page."""
_MEDIA_BYTES = 6_400
"""What an image or a document counts for among the bytes of a prompt: its own say little of its tokens."""


@dataclass(frozen=True, slots=True)
class Point:
    """A cache point: the hash of all before it, which part (0 to 1) of the prompt that is, and how long it is kept."""

    digest: bytes
    share: float
    ttl: str


def points_of(conversation: Conversation, *, key: bytes) -> list[Point]:
    """The cache points of a prompt in the order in which models read it: tools, system, messages."""
    hashed, length = blake2b(key=key, digest_size=16), 0
    found: list[tuple[bytes, int, str]] = []
    for part, mark in _parts(conversation):
        if mark is not None:
            found.append((hashed.digest(), length, str(mark.get("ttl", "5m"))))
            continue
        text = encode(part)
        hashed.update(text)
        is_media = getattr(part, "image", None) is not None or getattr(part, "document", None) is not None
        length += min(len(text), _MEDIA_BYTES) if is_media else len(text)
    return [Point(digest, before / max(length, 1), ttl) for digest, before, ttl in found]


def _parts(conversation: Conversation) -> Iterator[tuple[Any, dict[str, Any] | None]]:
    """Each piece of the prompt, or each cache point."""
    if conversation.tool_config is not None:
        yield from ((tool, tool.cache_point) for tool in conversation.tool_config.tools)
    yield from ((block, block.cache_point) for block in conversation.system or ())
    for message in conversation.messages:
        yield message.role, None
        yield from ((block, block.cache_point) for block in message.content)


class CachedPrefixes:
    """What one process knows of the caches of all deployments. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, bytes], tuple[int, float]] = OrderedDict()

    def learn(self, deployment_id: int, points: list[Point], usage: Usage, *, now: float) -> None:
        """A call has ended: what it read from the cache and wrote to it is what stands before its last point."""
        tokens = usage.cache_read + usage.cache_write + usage.cache_write_1h
        if not points or not tokens:
            return
        for point in points:  # a use of the whole is one of its beginnings, too
            self._slide(deployment_id, point, now)
        self._keep(deployment_id, points[-1], tokens, now)

    def estimate(
        self, deployment_id: int, points: list[Point], *, prompt_tokens: int, output: int, now: float
    ) -> Usage:
        """What a call that was interrupted has used: read what is known to be cached, written what is before later points."""
        read, share, is_last = 0, 0.0, False
        for point in reversed(points):
            found = self._known.get((deployment_id, point.digest))
            if found is not None and found[1] > now:
                read, share, is_last = found[0], point.share, point is points[-1]
                break
        rest = max(0, prompt_tokens - read)
        if not points or is_last:
            return Usage(input=rest, cache_read=read, output=output)
        written = int(rest * (points[-1].share - share) / (1 - share)) if share < 1 else 0
        if read + written < _MIN_TOKENS:
            written = 0
        is_hour = points[-1].ttl == "1h"
        return Usage(
            input=rest - written,
            cache_read=read,
            cache_write=0 if is_hour else written,
            cache_write_1h=written if is_hour else 0,
            output=output,
        )

    def _slide(self, deployment_id: int, point: Point, now: float) -> None:
        found = self._known.get((deployment_id, point.digest))
        if found is not None and found[1] > now:
            self._keep(deployment_id, point, found[0], now)

    def _keep(self, deployment_id: int, point: Point, tokens: int, now: float) -> None:
        key = deployment_id, point.digest
        self._known[key] = tokens, now + _SECONDS.get(point.ttl, _SECONDS["5m"])
        self._known.move_to_end(key)
        if len(self._known) > _MAX_PREFIXES:
            self._known.popitem(last=False)
