"""Teams' keys in the clear, in memory, while they live: what raw text is encrypted with on the way of a call."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, connection

from accounts.models import Team
from governance.records.models import TeamKey
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import KeyErasedError, LiveKey, live_key, open_key
from kernel.clock import perf_counter

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_MAX_SECONDS = 2.0
"""How long a call waits for a key, whose answer has been given."""
_PAUSE_SECONDS = 10.0
"""After a failure, for all teams: calls are not held up again and again by a service that does not answer."""
_MAX_AGE_SECONDS = 3600.0
"""A key that was disabled or denied since is not used for longer."""
_ANEW_AFTER = 0.8 * _MAX_AGE_SECONDS
_THREADS = 4
"""For what asks the service of keys: it may hang, and nothing else waits for them."""


class KeyRing:
    """One for each process. `retain` is told with every snapshot which keys live; others are forgotten."""

    def __init__(self) -> None:
        self._keys: dict[int, LiveKey] = {}
        self._loading: dict[int, asyncio.Task[LiveKey | None]] = {}
        self._since: dict[int, float] = {}
        """When each key was had."""
        self._paused: dict[int, float] = {}
        self._paused_until = 0.0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="keys")
        self._live: Mapping[int, int] = {}
        self.trouble = ""
        """Why raw text is not kept at the moment; empty where it is."""
        self._version = 0

    def __len__(self) -> int:
        return len(self._keys)

    def retain(self, live: Mapping[int, int]) -> None:
        """Forgets what is not among these live keys, ids by team."""
        self._live = live
        self._version += 1
        self._keys = {team: key for team, key in self._keys.items() if live.get(team) == key.id}

    def known(self, team_id: int) -> LiveKey | None:
        """The team's key, where it is in memory and not too old."""
        key = self._keys.get(team_id)
        if key is None:
            return None
        age = perf_counter() - self._since[team_id]
        if age > _MAX_AGE_SECONDS:
            del self._keys[team_id]
            return None
        if age > _ANEW_AFTER and not self._is_paused(team_id):
            self._loaded(team_id)
        return key

    def _is_paused(self, team_id: int) -> bool:
        return max(self._paused_until, self._paused.get(team_id, 0.0)) > perf_counter()

    def _loaded(self, team_id: int) -> "asyncio.Task[LiveKey | None]":
        task = self._loading.get(team_id)
        if task is None:
            task = self._loading[team_id] = asyncio.create_task(self._load(team_id))
            task.add_done_callback(lambda _: self._loading.pop(team_id, None))
        return task

    async def get(self, team_id: int) -> LiveKey | None:
        """The team's key, looked up or made where it must be; None where that fails, or takes too long."""
        if (key := self.known(team_id)) is not None:
            return key
        if self._is_paused(team_id):
            return None
        try:
            return await asyncio.wait_for(asyncio.shield(self._loaded(team_id)), _MAX_SECONDS)
        except TimeoutError:
            self._pause(team_id, "the service of keys does not answer", is_service=True)
            return None

    async def of_generation(self, team_id: int, generation: int) -> bytes | None:
        """The team's key of a generation, to open what it sealed; None where it is erased, or can't be had in time."""
        live = self.known(team_id)
        if live is not None and live.generation == generation:
            return live.key
        try:
            return await asyncio.wait_for(self._in_thread(_earlier_key, team_id, generation), _MAX_SECONDS)
        except (
            TimeoutError,
            KeyUnavailableError,
            KeyErasedError,
            TeamKey.DoesNotExist,
            DatabaseError,
        ) as error:
            logger.error("key %d of team %d can't be had (%s)", generation, team_id, type(error).__name__)
            return None

    async def _load(self, team_id: int) -> LiveKey | None:
        try:
            while True:
                version = self._version
                key = await self._in_thread(_live_key, team_id)
                # What was erased meanwhile must not come back: the snapshot since then does not know it.
                if self._version == version or self._live.get(team_id) == key.id:
                    self._keys[team_id], self._since[team_id] = key, perf_counter()
                    self.trouble = ""
                    return key
        except (KeyUnavailableError, Team.DoesNotExist, DatabaseError) as error:
            is_service = isinstance(error, KeyUnavailableError)
            self._pause(team_id, str(error) if is_service else type(error).__name__, is_service=is_service)
            return None

    async def _in_thread(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *arguments))

    def _pause(self, team_id: int, reason: str, *, is_service: bool) -> None:
        self._paused[team_id] = perf_counter() + _PAUSE_SECONDS
        if is_service:
            self._paused_until = perf_counter() + _PAUSE_SECONDS
        self.trouble = reason
        logger.error("raw text of team %d is not stored: its key can't be had (%s)", team_id, reason)


def _live_key(team_id: int) -> LiveKey:
    try:
        return live_key(team_id)
    finally:
        connection.close()  # the thread is not a request's: nothing else would return it


def _earlier_key(team_id: int, generation: int) -> bytes:
    try:
        return open_key(TeamKey.objects.get(team_id=team_id, generation=generation))
    finally:
        connection.close()
