"""Calls with an idempotency key: one is made, and the others with the same key wait for its answer, in whatever process it is.

What a process runs itself it knows in memory; of the rest it asks Postgres, for all who wait at once. The rules are in
docs/decisions/0034-idempotency-keys.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from gateway.call.idempotency import OUTCOMES, in_use, not_made, reused, spent
from gateway.records.kept_answers import Answer, opened, sealed
from gateway.records.keyring import KeyRing
from gateway.refusals import Refusal
from governance.records.models import IdempotentCall
from governance.records.policy import NONCE_BYTES, SealBrokenError
from governance.records.services.idempotency_store import (
    ALIVE,
    ENDED,
    Claim,
    Found,
    IdempotencyStore,
    IdempotencyUnavailableError,
    Place,
    SealedAnswer,
)
from kernel.batching import Batcher
from kernel.clock import perf_counter
from kernel.faults import is_items_own
from kernel.ids import random_bytes
from kernel.upkeep import Upkeep

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 0.25
"""How often Postgres is asked for all who wait for other processes."""
_SECOND_LOOK_SECONDS = 12.0
"""A process that is not heard of is dead if it still is not, so much later: a database that was away has heard of nobody, and
those who live are heard of again first. As with holds (docs/architecture.md)."""
_RETRY_SECONDS = 5.0
_LARGE_BYTES = 64 * 1024
"""An answer from here on is packed and sealed off the event loop."""


@dataclass(slots=True, eq=False)
class Holding:
    """A call of this process that has its key."""

    claim: Claim
    done: asyncio.Future[Answer | Refusal] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """How it ended, for those who wait for it here."""


@dataclass(slots=True, eq=False)
class _Wait:
    """Requests of this process that wait for a call of another one."""

    call_id: UUID
    changed: asyncio.Future[bool]
    """True where the process that makes the call is dead; False where there is something to be looked at."""
    waiting: int = 0
    silent_since: float | None = None


class IdempotentCalls:
    """One for each process. Raises IdempotencyUnavailableError where it can't be known who has a key: then no call is made."""

    def __init__(
        self,
        store: IdempotencyStore,
        keyring: KeyRing,
        upkeep: Upkeep,
        *,
        counts: Counter[str],
        wait_seconds: float,
    ) -> None:
        self._store, self._keyring, self._upkeep = store, keyring, upkeep
        self._counts, self._wait_seconds = counts, wait_seconds
        self._mine: dict[Place, Holding] = {}
        self._waits: dict[Place, _Wait] = {}
        self._is_asking = False
        self._claims: Batcher[Claim, bool] = Batcher(self._claim, isolates=is_items_own)
        self._looks: Batcher[Place, Found | None] = Batcher(store.look)

    async def enter(self, claim: Claim) -> Holding | Answer:
        """The key, where this call is the one to be made; else the answer of that which was. Waits for it.

        Refusals: idempotency_key_reused, idempotency_key_in_use, idempotency_key_spent, and that of the call waited for.
        """
        ends_at = perf_counter() + self._wait_seconds
        try:
            found = await self._entered(claim, ends_at)
        except Refusal as refusal:
            outcome = refusal.code.removeprefix("idempotency_key_")
            self._counts[outcome if outcome in OUTCOMES else "replayed"] += 1
            raise
        self._counts["made" if isinstance(found, Holding) else "replayed"] += 1
        return found

    async def _entered(self, claim: Claim, ends_at: float) -> Holding | Answer:
        while True:
            if (holding := self._mine.get(claim.place)) is None:
                if await self._won(claim):
                    return self._mine[claim.place]
                holding = self._mine.get(claim.place)
            if holding is not None:
                return await self._outcome(holding, claim, ends_at)
            found = await self._looks.submit(claim.place)
            if found is None:
                continue  # it has become free meanwhile
            if found.request_digest != claim.request_digest:
                raise reused()
            if found.state != IdempotentCall.State.RUNNING:
                return await self._kept(found, claim)
            is_dead = await self._changed(claim.place, found.call_id, ends_at)
            if is_dead and await self._took_over(claim, found.call_id):
                return self._mine[claim.place]

    async def _won(self, claim: Claim) -> bool:
        """Whether this call has the key now. Who leaves before that is known lets go of it."""
        future = self._claims.submit(claim)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda _: self._forget(claim))
            raise
        except Exception:
            self._forget(claim)
            raise

    async def _claim(self, claims: list[Claim]) -> Sequence[bool]:
        won = await self._store.claim(claims)
        for claim, is_won in zip(claims, won, strict=True):
            if is_won:  # before anybody is told: so all who lost find it
                self._mine[claim.place] = Holding(claim)
        return won

    def _forget(self, claim: Claim) -> None:
        """Lets go of a key that nobody wants any more, or that was claimed although no answer of Postgres' says so."""
        holding = self._mine.get(claim.place)
        if holding is None or holding.claim is not claim:
            holding = Holding(claim)
        work = partial(self.free, holding, not_made())
        self._upkeep.until_done("letting go of an idempotency key", work, retry=_RETRY_SECONDS)

    async def _took_over(self, claim: Claim, dead: UUID) -> bool:
        try:
            if not await self._store.take_over(claim, dead):
                return False
        except BaseException:
            self._forget(claim)  # it may have it all the same
            raise
        logger.warning(
            "call %s is made anew: the process of call %s, which had its key, is dead", claim.call_id, dead
        )
        self._counts["taken_over"] += 1
        self._mine[claim.place] = Holding(claim)
        return True

    async def _outcome(self, holding: Holding, claim: Claim, ends_at: float) -> Answer:
        """How a call of this process ends that has the key."""
        if holding.claim.request_digest != claim.request_digest:
            raise reused()
        done, _ = await asyncio.wait((holding.done,), timeout=max(0.0, ends_at - perf_counter()))
        if not done:
            raise in_use(self._wait_seconds)
        found = holding.done.result()
        if isinstance(found, Refusal):
            raise replace(found)
        return found

    async def _kept(self, found: Found, claim: Claim) -> Answer:
        """The answer that is kept. Refusal idempotency_key_spent where there is none, or its key is gone."""
        kept = await self._store.answer(claim.place, found.call_id)
        if kept is None:
            raise spent()
        key = await self._keyring.of_generation(claim.team_id, kept.generation)
        if key is None:
            raise spent()
        work = partial(opened, kept.sealed, key=key, call_id=found.call_id, team_id=claim.team_id)
        try:
            return await asyncio.to_thread(work) if len(kept.sealed) > _LARGE_BYTES else work()
        except SealBrokenError as error:
            raise spent() from error

    # --- waiting for other processes ---------------------------------------------------------------

    async def _changed(self, place: Place, call_id: UUID, ends_at: float) -> bool:
        """Waits until there is something new of a key; True where the process is dead that has it."""
        wait = self._waits.get(place)
        if wait is None or wait.call_id != call_id:
            if wait is not None and not wait.changed.done():
                wait.changed.set_result(False)  # another call has the key by now: that is news to those, too
            wait = self._waits[place] = _Wait(call_id, asyncio.get_running_loop().create_future())
        if not self._is_asking:
            self._is_asking = True
            self._upkeep.until_done("waiting for idempotency keys", self._ask, retry=_EVERY_SECONDS)
        wait.waiting += 1
        try:
            done, _ = await asyncio.wait((wait.changed,), timeout=max(0.0, ends_at - perf_counter()))
        finally:
            wait.waiting -= 1
            if not wait.waiting and self._waits.get(place) is wait:
                del self._waits[place]
        if not done:
            raise in_use(self._wait_seconds)
        return wait.changed.result()

    async def _ask(self) -> None:
        while self._waits:
            await asyncio.sleep(_EVERY_SECONDS)
            await self._ask_once()
        self._is_asking = False

    async def _ask_once(self) -> None:
        asked = tuple(self._waits.items())
        try:
            found = await self._store.look([place for place, _ in asked])
        except IdempotencyUnavailableError:
            for _, wait in asked:
                wait.silent_since = None  # who was silent may only not have been heard
            return
        for (place, wait), each in zip(asked, found, strict=True):
            if (is_dead := _news(wait, each)) is not None and not wait.changed.done():
                wait.changed.set_result(is_dead)
                if self._waits.get(place) is wait:
                    del self._waits[place]

    # --- the end of a call -------------------------------------------------------------------------

    async def keep(self, holding: Holding, answer: Answer, *, is_stored: bool) -> None:
        """The call was answered: that is kept for a day, where it may be. Returns when it is durable, or has to wait for
        Postgres; it is written then."""
        claim, kept = holding.claim, None
        if is_stored and (key := await self._keyring.get(claim.team_id)) is not None:
            nonce = random_bytes(NONCE_BYTES)
            work = partial(
                sealed, answer, key=key.key, call_id=claim.call_id, team_id=claim.team_id, nonce=nonce
            )
            data = await asyncio.to_thread(work) if len(answer.body) > _LARGE_BYTES else work()
            kept = SealedAnswer(key.generation, data)
        await self._ended(holding, answer, partial(self._store.keep, claim, kept))

    async def free(self, holding: Holding, refusal: Refusal) -> None:
        """The call was not answered: those who wait are told the same, and the next one with the key is like the first."""
        await self._ended(holding, refusal, partial(self._store.free, holding.claim))

    async def _ended(
        self, holding: Holding, outcome: Answer | Refusal, write: Callable[[], Awaitable[Any]]
    ) -> None:
        try:
            if await write() is False:
                logger.error("call %s has lost its idempotency key to another one", holding.claim.call_id)
            self._drop(holding)
        except Exception as error:
            if not isinstance(error, IdempotencyUnavailableError):
                logger.exception(
                    "the end of call %s is not written beside its idempotency key", holding.claim.call_id
                )
            again = partial(self._again, holding, write)
            self._upkeep.until_done("writing down an idempotent call", again, retry=_RETRY_SECONDS)
        finally:
            if not holding.done.done():
                holding.done.set_result(outcome)

    async def _again(self, holding: Holding, write: Callable[[], Awaitable[Any]]) -> None:
        """Until it is written the call keeps its key here, and in Postgres its process has it."""
        await write()
        self._drop(holding)

    def _drop(self, holding: Holding) -> None:
        if self._mine.get(holding.claim.place) is holding:
            del self._mine[holding.claim.place]


def _news(wait: _Wait, found: Found | None) -> bool | None:
    """Whether the process that is waited for is dead; None where nothing is new."""
    if found is None or found.call_id != wait.call_id or found.state != IdempotentCall.State.RUNNING:
        return False
    if found.holder == ALIVE:
        wait.silent_since = None
        return None
    if found.holder == ENDED:
        return True
    wait.silent_since = wait.silent_since or perf_counter()
    return True if perf_counter() - wait.silent_since > _SECOND_LOOK_SECONDS else None
