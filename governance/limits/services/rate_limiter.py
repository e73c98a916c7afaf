"""Rate limits of the data plane: exact across processes in Valkey, by a safe share of each limit where it is gone.

One script per batch decides for all calls that wait (kernel/batching.py). What calls give back at their end is sent
without their waiting for it: should it be lost, limits are stricter for a period.

Without Valkey a process keeps to its own share. When Valkey is back it is told what passed, and decides again, at first
together with the shares: others may not have told it yet.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import msgspec

from governance.limits.policy.rate_limits import LEASE_MS, Counter, RateDecision, RateRequest
from governance.limits.services.own_share import Change, OwnShare
from kernel.batching import Batcher, QueueFullError
from kernel.clock import perf_counter, utc_now
from kernel.faults import Fault, fault_of
from kernel.upkeep import Upkeep

logger = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "lua"
_TIMEOUT_SECONDS = 1.0
_PROBE_SECONDS = 1.0
_DEADLINE_SECONDS = 10.0
_RENEWING, _PROBING = "renewing leases of running calls", "looking for Valkey"
_RETURN_SECONDS = 4.0
"""How long shares still hold when Valkey is back: by then whoever can reach it has told it what passed without it."""
_MAX_ENDED = 10_000
_RENEW_SECONDS = LEASE_MS / 1000 / 3
_pack = msgspec.msgpack.encode
_unpack = msgspec.msgpack.decode


class _Mode(Enum):
    """Who decides."""

    SHARED = auto()
    """Valkey."""
    LOCAL = auto()
    """This process, within its share."""
    RETURNING = auto()
    """Both: Valkey knows what passed here, but maybe not yet what passed elsewhere."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a call was let through with; to be handed back when it ends."""

    request: RateRequest
    decision: RateDecision


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
        # As long to import as all of Django's models: only where limits are kept.
        import redis

        from kernel.valkey import connected

        self._lost = (redis.RedisError, OSError, TimeoutError)
        """What Valkey's absence looks like."""
        self._client = connected(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, max_connections=8
        )
        self._prefix = prefix
        self._admit_script = self._client.register_script((_FOLDER / "admit.lua").read_text())
        self._correct_script = self._client.register_script((_FOLDER / "correct.lua").read_text())
        self._admissions: Batcher[RateRequest, RateDecision] = Batcher(self._admit)
        self._corrections: Batcher[_Correction, None] = Batcher(self._correct)
        self._share = OwnShare(members)
        self._handing_over = asyncio.Lock()
        """Held between the last that Valkey is told and its deciding again: nothing passes meanwhile."""
        self._mode = _Mode.SHARED
        self._back_at = 0.0
        self._ended: deque[tuple[Counter, str]] = deque(maxlen=_MAX_ENDED)
        """Calls that ended without Valkey, which may still count them as running."""
        self._running: dict[str, tuple[Counter, ...]] = {}
        self._upkeep: Upkeep | None = None
        self._trouble = ""

    @property
    def is_shared(self) -> bool:
        """Whether Valkey decides alone; else this process keeps to its share of each limit."""
        return self._mode is _Mode.SHARED

    def start(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        upkeep.every(_RENEW_SECONDS, _RENEWING, self._renew, deadline=_DEADLINE_SECONDS)
        upkeep.every(_PROBE_SECONDS, _PROBING, self._probe, deadline=_DEADLINE_SECONDS)

    async def stop(self) -> None:
        if self._upkeep is not None:
            await self._upkeep.stop(_RENEWING, _PROBING)
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await self._corrections.drain()
        except TimeoutError:
            logger.warning("what calls gave back of their rate limits could not be written before the end")
        await self._client.aclose()

    async def admit(self, request: RateRequest) -> RateDecision:
        """Whether a call may pass now; if so, it has taken what it asked for. Never fails."""
        try:
            return await self._admissions.submit(request)
        except QueueFullError:
            counter = request.takes[0][0]
            return RateDecision(0, tuple(0 for _ in request.takes), counter, 1000)

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

    @property
    def trouble(self) -> str:
        """What is wrong with Valkey, as the end of a sentence about it; empty where nothing is known."""
        return self._trouble

    async def ping(self, timeout_seconds: float) -> bool:
        """Whether Valkey answers now, and takes writes: one that is full or can't save refuses them, and answers PING."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._client.set(f"{self._prefix}alive", b"1", px=1000)
        except self._lost as error:
            away = fault_of(error) is not Fault.SERVER
            self._trouble = "can't be reached" if away else f"refuses writes ({str(error)[:80]})"
            # The address may lead to another server by now: what was a primary can be a replica.
            await self._client.connection_pool.disconnect(inuse_connections=False)
            return False
        self._trouble = ""
        return True

    async def hashes(self, *names: str, timeout_seconds: float) -> list[dict[str, float]] | None:
        """Hashes of numbers that are in Valkey under these names, which are nobody's prefix; None where it can't be asked."""
        try:
            async with asyncio.timeout(timeout_seconds), self._client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.hgetall(name)
                found = await pipeline.execute()
        except self._lost:
            return None
        return [{key.decode(): float(number) for key, number in each.items()} for each in found]

    async def _admit(self, batch: list[RateRequest]) -> Sequence[RateDecision]:
        await self._until_handed_over()
        decisions = await self._decide(batch)
        for request, decision in zip(batch, decisions, strict=True):
            if decision.admitted and (
                leased := tuple(counter for counter, _ in request.takes if counter.period_ms == 0)
            ):
                self._running[request.call_id] = leased
        return decisions

    async def _decide(self, batch: list[RateRequest]) -> Sequence[RateDecision]:
        if self._mode is _Mode.SHARED:
            try:
                return await self._admit_shared(batch)
            except self._lost as error:
                self._lose(error)
        if self._mode is _Mode.RETURNING:
            return await self._admit_by_both(batch)
        decisions = self._share.admit(batch, now_ms=_local_ms())
        for request, decision in zip(batch, decisions, strict=True):
            if decision.admitted:
                self._share.note(request, decision)
        return decisions

    async def _until_handed_over(self) -> None:
        if self._mode is _Mode.LOCAL:
            async with self._handing_over:
                pass

    async def _admit_shared(self, batch: list[RateRequest]) -> list[RateDecision]:
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
            RateDecision(
                now_ms, tuple(used), counters[short - 1] if short else None, None if retry < 0 else int(retry)
            )
            for short, retry, used in found
        ]

    async def _admit_by_both(self, batch: list[RateRequest]) -> Sequence[RateDecision]:
        decisions = self._share.admit(batch, now_ms=_local_ms())
        passed = [number for number, decision in enumerate(decisions) if decision.admitted]
        if not passed:
            return decisions
        try:
            found = await self._admit_shared([batch[number] for number in passed])
        except self._lost as error:
            self._lose(error)
            for number in passed:
                self._share.note(batch[number], decisions[number])
            return decisions
        for number, decision in zip(passed, found, strict=True):
            if not decision.admitted:
                self._share.take_back(batch[number], decisions[number], now_ms=_local_ms())
            decisions[number] = decision
        return decisions

    async def _correct(self, batch: list[_Correction]) -> Sequence[None]:
        await self._until_handed_over()
        if self._mode is not _Mode.SHARED:
            for each in batch:
                if each.counter.period_ms == 0:
                    self._share.release(each.counter, each.call_id)
                    self._ended.append((each.counter, each.call_id))
        if self._mode is _Mode.LOCAL:
            for each in batch:
                if each.counter.period_ms:
                    self._share.correct(
                        each.counter, at_ms=each.at_ms, change=each.change, now_ms=_local_ms()
                    )
        else:
            try:
                await self._correct_shared(batch)
            except self._lost as error:
                self._lose(error)
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

    async def _run_correct(
        self,
        number: dict[Counter, int],
        changes: list[tuple[int, int, int]],
        ended: list[tuple[int, str]],
        running: list[tuple[int, str]],
        *,
        lot: str = "",
    ) -> None:
        await self._correct_script(
            keys=[
                self._prefix + key for key in (*(counter.key for counter in number), *((lot,) if lot else ()))
            ],
            args=[_pack(([counter.period_ms for counter in number], changes, ended, running, LEASE_MS, 0))],
        )

    def _lose(self, error: Exception) -> None:
        if self._mode is not _Mode.LOCAL:
            logger.warning(
                "Valkey %s (%s): this process keeps to its share of each rate limit",
                self._trouble or "can't be reached",
                type(error).__name__,
            )
            self._mode = _Mode.LOCAL
            self._share.lease(self._leases(), now_ms=_local_ms())

    async def _renew(self) -> None:
        """Keeps the leases of running calls, and puts them back should Valkey have lost them."""
        if self._mode is _Mode.LOCAL:
            self._share.lease(self._leases(), now_ms=_local_ms())
            return
        try:
            await self._tell_leases()
        except self._lost as error:
            self._lose(error)

    async def _probe(self) -> None:
        """Where Valkey was lost: looks whether it is back."""
        if self._mode is _Mode.SHARED:
            return
        if not await self.ping(_TIMEOUT_SECONDS):
            self._lose(TimeoutError())
            return
        try:
            if self._mode is _Mode.LOCAL:
                await self._hand_over()
            elif perf_counter() - self._back_at >= _RETURN_SECONDS:
                self._mode = _Mode.SHARED
                self._share.rest(now_ms=_local_ms())
                logger.warning("Valkey is back: rate limits are shared again")
        except self._lost as error:
            self._lose(error)

    async def _hand_over(self) -> None:
        """Tells Valkey what was let through without it, so that no period lets through more than its limit."""
        await self._tell_lots()  # most of it, while calls go on
        async with self._handing_over:
            await self._tell_lots()
            await self._tell_leases()
            self._mode, self._back_at = _Mode.RETURNING, perf_counter()

    async def _tell_lots(self) -> None:
        lots = self._share.lots()
        while lots:
            lot, changes = lots[0]
            await self._tell(lot, changes)
            lots.popleft()

    async def _tell(self, lot: str, changes: list[Change]) -> None:
        number = _numbered(counter for counter, _, _ in changes)
        numbered = [(number[counter], position, amount) for counter, position, amount in changes]
        await self._run_correct(number, numbered, [], [], lot=lot)

    async def _tell_leases(self) -> None:
        running, ended = self._leases(), list(self._ended)
        number = _numbered(counter for counter, _ in (*running, *ended))
        if number:
            numbered = (
                [(number[counter], call_id) for counter, call_id in leases] for leases in (ended, running)
            )
            await self._run_correct(number, [], *numbered)
        self._ended.clear()

    def _leases(self) -> list[tuple[Counter, str]]:
        return [(counter, call_id) for call_id, leased in self._running.items() for counter in leased]


def _numbered(counters: Iterable[Counter]) -> dict[Counter, int]:
    return {counter: n for n, counter in enumerate(dict.fromkeys(counters), 1)}


_STARTED_MS = utc_now().timestamp() * 1000 - perf_counter() * 1000


def _local_ms() -> int:
    """Milliseconds as Valkey's clock has them, about, that never go back."""
    return int(_STARTED_MS + perf_counter() * 1000)
