"""Equal calls at once: one makes the call, the others wait for its answer. In this process by a future, among processes by a
key in Valkey that dies with its owner. Without Valkey each process makes the call once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.batching import Batcher, QueueFullError
from kernel.clock import perf_counter
from kernel.deadlines import within
from kernel.ids import random_bytes

logger = logging.getLogger(__name__)

_PREFIX = "gatehouse:cache:flight:"
_LEASE_SECONDS = 60
_VALKEY_SECONDS = 0.25
_MAX_WAIT_SECONDS = 60.0
"""For how long a call waits for another's answer; then it is made all the same."""
_FIRST_PAUSE, _MAX_PAUSE = 0.01, 0.25
_AWAY_SECONDS = 5.0
"""For how long Valkey is not asked again after it gave no answer."""
_TAKE, _LOOK, _LEAVE = "take", "look", "leave"
# For each key what is asked of it: 1 where it was free and is this process' now, where it is anybody's, where it was let go.
_SCRIPT = """
local told = {}
for i, key in ipairs(KEYS) do
    local asked = ARGV[i + 2]
    if asked == 'take' then
        told[i] = redis.call('set', key, ARGV[1], 'NX', 'EX', ARGV[2]) and 1 or 0
    elseif asked == 'look' then
        told[i] = redis.call('exists', key)
    else
        told[i] = redis.call('get', key) == ARGV[1] and redis.call('del', key) or 0
    end
end
return told"""


@dataclass(frozen=True, slots=True)
class _Question:
    digest: bytes
    asked: str


class Flights:
    """Of one process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._script: Any = None
        self._token = random_bytes(16)
        self._running: dict[bytes, asyncio.Future[None]] = {}
        self._taken: set[bytes] = set()
        self._away_until = 0.0
        self._valkey: Batcher[_Question, bool] = Batcher(self._ask_all)

    def __len__(self) -> int:
        return len(self._running)

    def is_running(self, digest: bytes) -> bool:
        """Whether such a call is being made here."""
        return digest in self._running

    async def enter(self, digest: bytes) -> bool:
        """Whether this call is the one that is made: then `leave` ends it. Else another one has just ended, well or not."""
        if (running := self._running.get(digest)) is not None:
            await asyncio.wait((running,), timeout=_MAX_WAIT_SECONDS)
            return False
        self._running[digest] = asyncio.get_running_loop().create_future()
        try:
            if await self._takes(digest):
                return True
            await self._ended_elsewhere(digest)
        except BaseException:
            self._taken.add(digest)  # it may have been taken, though nobody waited to be told so
            self.leave(digest)
            raise
        self.leave(digest)
        return False

    def leave(self, digest: bytes) -> None:
        """Ends it: whoever waits looks for the answer now."""
        if (running := self._running.pop(digest, None)) is not None and not running.done():
            running.set_result(None)
        if digest in self._taken:
            self._taken.discard(digest)
            try:
                self._valkey.submit(_Question(digest, _LEAVE))  # should it be lost, the key ends by itself
            except QueueFullError:
                logger.warning("a crowd of equal calls may wait for nothing: Valkey is slow")

    async def stop(self) -> None:
        try:
            await within(_VALKEY_SECONDS, self._valkey.drain())
        finally:
            if self._client is not None:
                await self._client.aclose()

    async def _takes(self, digest: bytes) -> bool:
        """Whether no other process makes it. Without Valkey: yes."""
        if perf_counter() < self._away_until:
            return True
        if not await self._ask(digest, _TAKE, or_else=True):
            return False
        self._taken.add(digest)
        return True

    async def _ended_elsewhere(self, digest: bytes) -> None:
        """Returns when the other process has ended its call, or the wait has been long enough."""
        until, pause = perf_counter() + _MAX_WAIT_SECONDS, _FIRST_PAUSE
        while perf_counter() < until and await self._ask(digest, _LOOK, or_else=False):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _MAX_PAUSE)

    async def _ask(self, digest: bytes, asked: str, *, or_else: bool) -> bool:
        try:
            return await asyncio.wait_for(self._valkey.submit(_Question(digest, asked)), _VALKEY_SECONDS)
        except Exception as error:
            self._away_until = perf_counter() + _AWAY_SECONDS
            logger.warning("equal calls are told apart by process alone (%s)", type(error).__name__)
            return or_else

    async def _ask_all(self, questions: list[_Question]) -> Sequence[bool]:
        if self._script is None:
            from kernel.valkey import connected  # takes a while: only where something is cached

            self._client = connected(self._url)
            self._script = self._client.register_script(_SCRIPT)
        keys = [_PREFIX + each.digest.hex() for each in questions]
        told = await self._script(
            keys=keys, args=[self._token, _LEASE_SECONDS, *(each.asked for each in questions)]
        )
        return [bool(each) for each in told]
