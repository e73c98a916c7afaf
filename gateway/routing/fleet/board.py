"""What the processes tell each other of deployments, through Valkey. Without it each goes by what it has seen itself.

Times cross as durations or by Valkey's own clock: hosts' clocks may differ.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gateway.routing.fleet.fair import Demands
from kernel.upkeep import Kept, Upkeep

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

_CHANNEL, _OPEN, _LEASE = "gatehouse:fleet", "gatehouse:fleet:open", "gatehouse:fleet:lease:"
_DEMANDS = "gatehouse:fleet:demands"
_SAID_SECONDS, _LATELY_SECONDS = 60, 5.0
_HEARING = "hearing of other processes' deployments"
_TIMEOUT_SECONDS = 1.0
_LISTEN_SECONDS, _LATE_SECONDS, _RETRY_SECONDS = 5.0, 30.0, 2.0
_MAX_TOLD = 200
"""Messages under way at once; more of them would say nothing new."""


class Told(msgspec.Struct, frozen=True):
    """One message. `seconds` is for how long a breaker is open; 0: it is closed; below 0: a call has failed."""

    sender: str
    deployment_id: int
    reason: str
    seconds: float


class Looked(NamedTuple):
    """`breakers` that are open, with the seconds that are left; what each of the other processes is asked for of quotas."""

    breakers: list[Told]
    demands: list[Demands]


class Board:
    """Of one process. Nothing here raises: what can't be told is told by the next look at the table."""

    def __init__(self, url: str, *, sender: str, hear: Callable[[Told], None]) -> None:
        import redis

        from kernel.valkey import connected

        self._lost = (redis.RedisError, OSError, TimeoutError)
        self._client: Redis = connected(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, max_connections=8
        )
        self._listener: Redis = connected(
            url, socket_timeout=2 * _LISTEN_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        self._sender = sender
        self._hear = hear
        self._tasks: set[asyncio.Task[Any]] = set()
        self._upkeep: Upkeep | None = None
        self._is_stopped = self._has_said = self._has_warned = False

    def start(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        upkeep.endless(_HEARING, self._listen, late_after=_LATE_SECONDS, retry=_RETRY_SECONDS)

    async def stop(self) -> None:
        if self._upkeep is not None:
            await self._upkeep.stop(_HEARING)
        self._is_stopped = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_TIMEOUT_SECONDS)
        await self._client.aclose()
        await self._listener.aclose()

    def tell(self, deployment_id: int, reason: str, seconds: float) -> None:
        """Tells the others, without waiting for it."""
        if len(self._tasks) < _MAX_TOLD and not self._is_stopped:
            self._begin(self._tell(Told(self._sender, deployment_id, reason, seconds)))

    async def lease(self, name: str, seconds: float) -> bool:
        """Whether this process is the one of all that has a name for so long. Without Valkey each is."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return bool(await self._client.set(_LEASE + name, b"1", px=round(seconds * 1000), nx=True))
        except self._lost:
            return True

    async def look(self, demands: Demands) -> Looked | None:
        """Says what this process is asked for of quotas, and reads what is known; None where that can't be."""
        try:
            async with (
                asyncio.timeout(_TIMEOUT_SECONDS),
                self._client.pipeline(transaction=False) as pipeline,
            ):
                pipeline.hgetall(_OPEN)
                pipeline.time()
                pipeline.hgetall(_DEMANDS)
                found, (seconds, microseconds), told = await pipeline.execute()
                now = seconds + microseconds / 1e6
                await self._say(now, demands)
        except self._lost:
            return None
        return Looked(self._breakers(found, now), self._demands(told, now))

    def _breakers(self, found: dict[bytes, bytes], now: float) -> list[Told]:
        """Those that are open. What can't be read another version of Gatehouse has written: the rest holds all the same."""
        breakers = []
        for key, value in found.items():
            try:
                reason, until = msgspec.json.decode(value, type=tuple[str, float])
                breakers.append(Told("", int(key), reason, until - now))
            except (msgspec.MsgspecError, ValueError):
                if not self._has_warned:
                    logger.warning(
                        "what is known of a deployment can't be read; another version of Gatehouse may run"
                    )
                self._has_warned = True
        return breakers

    async def _say(self, now: float, demands: Demands) -> None:
        """What was said before and is no longer wanted is said once more, as nothing."""
        if not demands and not self._has_said:
            return
        self._has_said = bool(demands)
        await self._client.hset(_DEMANDS, self._sender, msgspec.json.encode((now, demands)))
        await self._client.expire(_DEMANDS, _SAID_SECONDS)

    def _demands(self, told: dict[bytes, bytes], now: float) -> list[Demands]:
        """Of other processes that have said something lately."""
        found = []
        for sender, value in told.items():
            if sender == self._sender.encode():
                continue
            try:
                at, demands = msgspec.json.decode(value, type=tuple[float, Demands])
            except msgspec.MsgspecError:
                continue
            if now - at < _LATELY_SECONDS:
                found.append(demands)
        return found

    async def _tell(self, told: Told) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._client.publish(_CHANNEL, msgspec.json.encode(told))
                if told.seconds == 0:
                    await self._client.hdel(_OPEN, str(told.deployment_id))
                elif told.seconds > 0:
                    seconds, microseconds = await self._client.time()
                    until = seconds + microseconds / 1e6 + told.seconds
                    await self._client.hset(
                        _OPEN, str(told.deployment_id), msgspec.json.encode((told.reason, until))
                    )
        except self._lost as error:
            logger.debug("other processes are not told of a deployment (%s)", type(error).__name__)

    async def _listen(self, kept: Kept) -> None:
        async with self._listener.pubsub() as pubsub:
            await pubsub.subscribe(_CHANNEL)
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_SECONDS)
                kept.went_round()
                if message is not None:
                    self._take(message["data"])

    def _take(self, data: bytes) -> None:
        try:
            told = msgspec.json.decode(data, type=Told)
        except msgspec.MsgspecError:
            logger.warning("a message about deployments can't be read; another version of Gatehouse may run")
            return
        if told.sender != self._sender:
            self._hear(told)

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
