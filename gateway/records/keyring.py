"""Teams' keys in the clear, in memory, while they live: what raw text is encrypted with on the way of a call."""

import asyncio
import logging
from collections.abc import Mapping

from django.db import DatabaseError, connection

from accounts.models import Team
from governance.records.models import TeamKey
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import KeyErasedError, LiveKey, live_key, open_key
from kernel.clock import perf_counter

logger = logging.getLogger(__name__)

_MAX_SECONDS = 5.0
_PAUSE_SECONDS = 10.0
"""After a failure: calls are not held up again and again by what does not answer."""


class KeyRing:
    """One for each process. `retain` is told with every snapshot which keys live; others are forgotten."""

    def __init__(self) -> None:
        self._keys: dict[int, LiveKey] = {}
        self._loading: dict[int, asyncio.Task[LiveKey | None]] = {}
        self._paused: dict[int, float] = {}
        self._live: Mapping[int, int] = {}
        self._version = 0

    def __len__(self) -> int:
        return len(self._keys)

    def retain(self, live: Mapping[int, int]) -> None:
        """Forgets what is not among these live keys, ids by team."""
        self._live = live
        self._version += 1
        self._keys = {team: key for team, key in self._keys.items() if live.get(team) == key.id}

    def known(self, team_id: int) -> LiveKey | None:
        """The team's key, where it is in memory."""
        return self._keys.get(team_id)

    async def get(self, team_id: int) -> LiveKey | None:
        """The team's key, looked up or made where it must be; None where that fails, or takes too long."""
        if (key := self._keys.get(team_id)) is not None:
            return key
        if self._paused.get(team_id, 0.0) > perf_counter():
            return None
        task = self._loading.get(team_id)
        if task is None:
            task = self._loading[team_id] = asyncio.create_task(self._load(team_id))
            task.add_done_callback(lambda _: self._loading.pop(team_id, None))
        try:
            return await asyncio.wait_for(asyncio.shield(task), _MAX_SECONDS)
        except TimeoutError:
            self._pause(team_id, "it takes too long")
            return None

    async def of_generation(self, team_id: int, generation: int) -> bytes | None:
        """The team's key of a generation, to open what it sealed; None where it is erased, or can't be had in time."""
        live = self.known(team_id)
        if live is not None and live.generation == generation:
            return live.key
        try:
            return await asyncio.wait_for(asyncio.to_thread(_earlier_key, team_id, generation), _MAX_SECONDS)
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
                key = await asyncio.to_thread(_live_key, team_id)
                # What was erased meanwhile must not come back: the snapshot since then does not know it.
                if self._version == version or self._live.get(team_id) == key.id:
                    self._keys[team_id] = key
                    return key
        except (KeyUnavailableError, Team.DoesNotExist, DatabaseError) as error:
            self._pause(
                team_id, str(error) if isinstance(error, KeyUnavailableError) else type(error).__name__
            )
            return None

    def _pause(self, team_id: int, reason: str) -> None:
        self._paused[team_id] = perf_counter() + _PAUSE_SECONDS
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
