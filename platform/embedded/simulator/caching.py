"""The prompt cache: which marked beginnings of prompts were seen lately. The simulator's only memory.

A beginning that is shorter than the model's least is taken and not cached, as Bedrock does it.
"""

from collections import OrderedDict
from dataclasses import dataclass

from embedded.simulator.turns import SimulatedTurn

_LIFETIMES = {"5m": 300.0, "1h": 3_600.0}
_MAX_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class SimulatedUsage:
    """Tokens as they are billed: `input` is without the cached ones."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    cached: bool = False  # whether the caller marked anything for caching
    cache_lifetime: str = "5m"

    @property
    def total(self) -> int:
        """Everything, cached tokens included."""
        return self.input + self.output + self.cache_read + self.cache_write


class PromptCache:
    """Remembers the last few thousand beginnings, each for its lifetime after its last use."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def use(self, turn: SimulatedTurn, output_tokens: int, now: float) -> SimulatedUsage:
        """The usage of a call, whose marked beginnings are from now on remembered. `now` in seconds."""
        least = turn.model.capabilities.cache_min_tokens
        points = [point for point in turn.prompt.cache_points if turn.prompt.tokens(point) >= least]
        if not points:
            return SimulatedUsage(turn.input_tokens, output_tokens, cached=bool(turn.prompt.cache_points))
        key = f"{turn.region} {turn.model.model_id}"
        digests = [turn.prompt.digest(key, parts) for parts in points]
        known = max(
            (n for n, digest in zip(points, digests, strict=True) if self._is_fresh(digest, now)), default=0
        )
        read = turn.prompt.tokens(known) if known else 0
        marked = turn.prompt.tokens(points[-1])
        for digest in digests:
            self._remember(digest, now + _LIFETIMES[turn.cache_lifetime])
        return SimulatedUsage(
            turn.input_tokens - marked,
            output_tokens,
            read,
            marked - read,
            cached=True,
            cache_lifetime=turn.cache_lifetime,
        )

    def clear(self) -> None:
        """Forgets everything."""
        self._until.clear()

    def _is_fresh(self, digest: bytes, now: float) -> bool:
        return self._until.get(digest, float("-inf")) > now

    def _remember(self, digest: bytes, until: float) -> None:
        self._until[digest] = until
        self._until.move_to_end(digest)
        while len(self._until) > _MAX_ENTRIES:
            self._until.popitem(last=False)
