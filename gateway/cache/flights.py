"""Equal calls at once: one makes the call, the others wait for its answer. In this process by a future, among processes by a
key in Valkey that dies with its owner. Without Valkey each process makes the call once.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from kernel.clock import perf_counter
from kernel.deadlines import within
from kernel.ids import random_bytes

logger = logging.getLogger(__name__)

_PREFIX = "gatehouse:cache:flight:"
_LEASE_SECONDS = 60
_VALKEY_SECONDS = 0.1
_MOST_SECONDS = 60.0
"""For how long a call waits for another's answer; then it is made all the same."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
_AWAY_SECONDS = 5.0
"""For how long Valkey is not asked again after it gave no answer."""
_LEAVE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class Flights:
    """Of one process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._running: dict[bytes, asyncio.Future[None]] = {}
        self._tokens: dict[bytes, bytes] = {}
        self._away_until = 0.0
        self._leaving: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def is_running(self, digest: bytes) -> bool:
        """Whether such a call is being made here."""
        return digest in self._running

    async def enter(self, digest: bytes) -> bool:
        """Whether this call is the one that is made: then `leave` ends it. Else another one has just ended, well or not."""
        if (running := self._running.get(digest)) is not None:
            await asyncio.wait((running,), timeout=_MOST_SECONDS)
            return False
        self._running[digest] = asyncio.get_running_loop().create_future()
        try:
            if await self._takes(digest):
                return True
            await self._ended_elsewhere(digest)
        except BaseException:
            self.leave(digest)
            raise
        self.leave(digest)
        return False

    def leave(self, digest: bytes) -> None:
        """Ends it: whoever waits looks for the answer now."""
        if (running := self._running.pop(digest, None)) is not None and not running.done():
            running.set_result(None)
        if (token := self._tokens.pop(digest, None)) is not None:
            task = asyncio.create_task(self._let_go(digest, token))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        if self._leaving:
            await asyncio.wait(tuple(self._leaving), timeout=_VALKEY_SECONDS * 2)
        if self._client is not None:
            await self._client.aclose()

    async def _takes(self, digest: bytes) -> bool:
        """Whether no other process makes it. Without Valkey: yes."""
        if perf_counter() < self._away_until:
            return True
        token = random_bytes(16)
        try:
            won = await within(
                _VALKEY_SECONDS, self._valkey().set(_key(digest), token, nx=True, ex=_LEASE_SECONDS)
            )
        except Exception as error:
            self._note_away(error)
            return True
        if won:
            self._tokens[digest] = token
        return bool(won)

    async def _ended_elsewhere(self, digest: bytes) -> None:
        """Returns when the other process has ended its call, or the wait has been long enough."""
        until, pause = perf_counter() + _MOST_SECONDS, _FIRST_PAUSE
        while perf_counter() < until:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            try:
                if not await within(_VALKEY_SECONDS, self._valkey().exists(_key(digest))):
                    return
            except Exception as error:
                self._note_away(error)
                return

    async def _let_go(self, digest: bytes, token: bytes) -> None:
        try:
            await within(_VALKEY_SECONDS, self._valkey().eval(_LEAVE, 1, _key(digest), token))
        except Exception as error:  # it ends by itself after its time
            self._note_away(error)

    def _note_away(self, error: Exception) -> None:
        self._away_until = perf_counter() + _AWAY_SECONDS
        logger.warning("equal calls are told apart by process (%s)", type(error).__name__)

    def _valkey(self) -> Any:
        if self._client is None:
            from kernel.valkey import connected  # takes a while: only where something is cached

            self._client = connected(self._url)
        return self._client


def _key(digest: bytes) -> str:
    return _PREFIX + digest.hex()
