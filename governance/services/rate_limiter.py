"""Rate limits of the data plane: exact across processes in Valkey, by a safe share of each limit where it is gone.

One script per batch decides for all calls that wait (kernel/batching.py). What calls give back at their end is sent
without their waiting for it: should it be lost, limits are stricter for a period, never looser.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError

from governance.policy.rate_limits import (
    LEASE_MS,
    UNKNOWN_WAIT_MS,
    Amounts,
    Counter,
    Decision,
    Request,
    Tallies,
    share_of,
)
from kernel.batching import Batcher, QueueFullError
from kernel.clock import perf_counter, utc_now

logger = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "lua"
_TIMEOUT_SECONDS = 1.0
_PROBE_SECONDS = 1.0
_RETURN_SECONDS = 3.0
"""How long Valkey must answer until it decides again: by then every process has told it what passed without it."""
_RENEW_SECONDS = LEASE_MS / 1000 / 3
_LOST = (RedisError, OSError, TimeoutError)
_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.decode


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a call was let through with; to be handed back when it ends."""

    request: Request
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Correction:
    counter: Counter
    at_ms: int
    change: int
    call_id: str


class RateLimiter:
    """Built once per process. `members` tells its rank (from 0) among how many gateway processes: its share's size."""

    def __init__(
        self, url: str, *, members: Callable[[], tuple[int, int]], prefix: str = "gatehouse:rate:"
    ) -> None:
        self._client: redis.Redis = redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, max_connections=8
        )
        self._prefix = prefix
        self._members = members
        self._admit_script = self._client.register_script((_FOLDER / "admit.lua").read_text())
        self._correct_script = self._client.register_script((_FOLDER / "correct.lua").read_text())
        self._admissions: Batcher[Request, Decision] = Batcher(self._admit)
        self._corrections: Batcher[_Correction, None] = Batcher(self._correct)
        self._local = Tallies()
        self._local_counters: dict[str, Counter] = {}
        self._told: Amounts = {}
        self._deciding = asyncio.Lock()
        self._running: dict[str, tuple[Counter, ...]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.is_shared = True
        """Whether Valkey decides; else this process does, within its share of each limit."""

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._renew_forever()), asyncio.create_task(self._probe_forever())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._corrections.drain()
        except TimeoutError:
            logger.warning("what calls gave back of their rate limits could not be written before the end")
        await self._client.aclose()

    async def admit(self, request: Request) -> Decision:
        """Whether a call may pass now; if so, it has taken what it asked for. Never fails."""
        try:
            decision = await self._admissions.submit(request)
        except QueueFullError:
            counter = request.takes[0][0]
            return Decision(0, tuple(0 for _ in request.takes), counter, 1000)
        if decision.admitted:
            leased = tuple(counter for counter, _ in request.takes if counter.period_ms == 0)
            if leased:
                self._running[request.call_id] = leased
        return decision

    def settle(self, ticket: Ticket, used: dict[Counter, int]) -> None:
        """Ends a call: it runs no more, and took `used` of the counters named, of the others what it had asked for."""
        self._running.pop(ticket.request.call_id, None)
        for counter, taken in ticket.request.takes:
            amount = used.get(counter, taken)
            if counter.period_ms == 0 or amount != taken:
                change = _Correction(counter, ticket.decision.at_ms, amount - taken, ticket.request.call_id)
                try:
                    self._corrections.submit(change)
                except QueueFullError:
                    logger.warning("too much waits for Valkey: a call's share of %s is kept", counter.key)

    async def ping(self, timeout_seconds: float) -> bool:
        """Whether Valkey answers now."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return bool(await self._client.ping())
        except _LOST:
            return False

    async def _admit(self, batch: list[Request]) -> Sequence[Decision]:
        async with self._deciding:
            if self.is_shared:
                try:
                    return await self._admit_shared(batch)
                except _LOST as error:
                    self._lose(error)
            return self._admit_locally(batch)

    async def _admit_shared(self, batch: list[Request]) -> list[Decision]:
        counters = list(dict.fromkeys(counter for request in batch for counter, _ in request.takes))
        number = {counter: n for n, counter in enumerate(counters, 1)}
        calls = [
            (request.call_id, [(number[counter], amount) for counter, amount in request.takes])
            for request in batch
        ]
        limits = [(counter.period_ms, counter.limit) for counter in counters]
        answer = await self._admit_script(
            keys=[self._prefix + counter.key for counter in counters],
            args=[_pack((limits, calls, LEASE_MS, 0))],
        )
        now_ms, found = _unpack(answer)
        return [
            Decision(
                now_ms, tuple(used), counters[short - 1] if short else None, None if retry < 0 else int(retry)
            )
            for short, retry, used in found
        ]

    def _admit_locally(self, batch: list[Request]) -> list[Decision]:
        """With this process's share of each limit, counted here."""
        decisions = self._local.admit([self._shared_out(request) for request in batch], now_ms=_local_ms())
        return [_in_full(request, decision) for request, decision in zip(batch, decisions, strict=True)]

    def _shared_out(self, request: Request) -> Request:
        rank, processes = self._members()
        takes = []
        for counter, amount in request.takes:
            share = share_of(counter.limit, rank=rank, processes=processes)
            takes.append((Counter(counter.key, counter.period_ms, share), amount))
            self._local_counters[counter.key] = counter
        return Request(request.call_id, tuple(takes))

    async def _correct(self, batch: list[_Correction]) -> Sequence[None]:
        if self.is_shared:
            try:
                await self._correct_shared(batch)
            except _LOST as error:
                self._lose(error)
        else:
            self._correct_locally(batch)
        return [None] * len(batch)

    async def _correct_shared(self, batch: list[_Correction]) -> None:
        number = _numbered(each.counter for each in batch)
        changes = [
            (number[each.counter], each.at_ms // each.counter.slice_ms, each.change)
            for each in batch
            if each.counter.period_ms
        ]
        ended = [(number[each.counter], each.call_id) for each in batch if not each.counter.period_ms]
        await self._run_correct(number, changes, ended, [])

    def _correct_locally(self, batch: list[_Correction]) -> None:
        for each in batch:
            if each.counter.period_ms == 0:
                self._local.release(each.counter, each.call_id)
            else:
                self._local_counters[each.counter.key] = each.counter
                self._local.correct(each.counter, at_ms=each.at_ms, change=each.change, now_ms=_local_ms())

    async def _run_correct(
        self,
        number: dict[Counter, int],
        changes: list[tuple[int, int, int]],
        ended: list[tuple[int, str]],
        running: list[tuple[int, str]],
    ) -> None:
        await self._correct_script(
            keys=[self._prefix + counter.key for counter in number],
            args=[_pack(([counter.period_ms for counter in number], changes, ended, running, LEASE_MS, 0))],
        )

    def _lose(self, error: Exception) -> None:
        if self.is_shared:
            logger.warning(
                "Valkey can't be reached (%s): this process keeps to its share of each rate limit",
                type(error).__name__,
            )
            self.is_shared = False
            self._renew_locally()

    async def _renew_forever(self) -> None:
        """Keeps the leases of running calls, and puts them back should Valkey have lost them."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            if self.is_shared:
                await self._tell([])
            else:
                self._renew_locally()

    def _renew_locally(self) -> None:
        for counter, call_id in self._leases():
            self._local.lease(counter, call_id, now_ms=_local_ms())

    async def _probe_forever(self) -> None:
        answers_since: float | None = None
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            if self.is_shared:
                continue
            if not (await self.ping(_TIMEOUT_SECONDS) and await self._hand_over()):
                answers_since = None
            elif answers_since is None:
                answers_since = perf_counter()
            elif perf_counter() - answers_since >= _RETURN_SECONDS:
                answers_since = None
                await self._share_again()

    async def _share_again(self) -> None:
        async with self._deciding:  # nothing is let through until Valkey knows of everything that was
            while await self._hand_over():
                if self._local.amounts() == self._told:  # no call has ended meanwhile, either
                    self.is_shared = True
                    self._local.clear()
                    self._told.clear()
                    self._local_counters.clear()
                    logger.warning("Valkey is back: rate limits are shared again")
                    return

    async def _hand_over(self) -> bool:
        """Tells Valkey what was let through without it, so that no period lets through more than its limit.

        What was told stays on this process's own tallies as long as they decide. Whether Valkey took it.
        """
        amounts = self._local.amounts()
        changes = [
            (self._local_counters[key], position, amount - self._told.get(key, {}).get(position, 0))
            for key, slices in amounts.items()
            for position, amount in slices.items()
        ]
        is_told = await self._tell([change for change in changes if change[2]])
        if is_told:
            self._told = amounts
        return is_told

    async def _tell(self, changes: list[tuple[Counter, int, int]]) -> bool:
        """Changes as (counter, slice, amount), and which calls run. Whether Valkey took them."""
        leases = self._leases()
        number = _numbered([*(counter for counter, _, _ in changes), *(counter for counter, _ in leases)])
        if not number:
            return True
        try:
            await self._run_correct(
                number,
                [(number[counter], position, amount) for counter, position, amount in changes],
                [],
                [(number[counter], call_id) for counter, call_id in leases],
            )
        except _LOST as error:
            self._lose(error)
            return False
        return True

    def _leases(self) -> list[tuple[Counter, str]]:
        return [(counter, call_id) for call_id, leased in self._running.items() for counter in leased]


def _in_full(request: Request, decision: Decision) -> Decision:
    """A decision on shares, in terms of the limits asked for. What exceeds a share may fit when Valkey is back."""
    if decision.short is None:
        return decision
    counter, amount = next(take for take in request.takes if take[0].key == decision.short.key)
    retry_ms = decision.retry_ms
    if retry_ms is None and amount <= counter.limit:
        retry_ms = UNKNOWN_WAIT_MS
    return replace(decision, short=counter, retry_ms=retry_ms)


def _numbered(counters: Iterable[Counter]) -> dict[Counter, int]:
    return {counter: n for n, counter in enumerate(dict.fromkeys(counters), 1)}


_STARTED_MS = utc_now().timestamp() * 1000 - perf_counter() * 1000


def _local_ms() -> int:
    """Milliseconds as Valkey's clock has them, about, that never go back."""
    return int(_STARTED_MS + perf_counter() * 1000)
