"""Idempotency keys on a real Postgres, by two gateways: one call of a key at most, and everybody who waits is told."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.call.idempotency import OUTCOMES
from gateway.records.idempotency import Holding, IdempotentCalls
from gateway.records.kept_answers import Answer
from gateway.records.keyring import KeyRing
from gateway.refusals import Refusal
from governance.records.models import IdempotentCall, TeamKey
from governance.records.services.idempotency_store import (
    Claim,
    IdempotencyStore,
    IdempotencyUnavailableError,
)
from governance.records.services.team_keys import erase
from kernel.clock import utc_now
from kernel.ids import new_id
from kernel.postgres_pool import PostgresPool
from kernel.upkeep import Upkeep
from tests.accounts.factories import make_person
from tests.governance.limits.test_ledger import conninfo
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True)]
_BEAT = """
    INSERT INTO governance_gatewayinstance (id, host, pid, started_at, heartbeat_at) VALUES (%s, 'h', %s, now(), now())
    ON CONFLICT (id) DO UPDATE SET pid = excluded.pid"""


@pytest.fixture
def world() -> World:
    return make_world()


class Process:
    """What a gateway process has for idempotency keys."""

    def __init__(
        self, store_type: type[IdempotencyStore] = IdempotencyStore, *, wait_seconds: float = 30
    ) -> None:
        self.id = new_id()
        self.pool = PostgresPool(conninfo(), min_size=1, max_size=2, timeout=5)
        self.upkeep = Upkeep()
        self.counts: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.store = store_type(self.pool, instance_id=self.id, keep_seconds=60, silent_seconds=30)
        self.keyring = KeyRing()
        self.calls = IdempotentCalls(
            self.store, self.keyring, self.upkeep, counts=self.counts, wait_seconds=wait_seconds
        )

    async def beat(self, *, pid: int = 1) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(_BEAT, (self.id, pid))


@asynccontextmanager
async def processes(number: int = 2, **options: Any) -> AsyncIterator[list[Process]]:
    made = [Process(**options) for _ in range(number)]
    for each in made:
        await each.pool.open(wait=True)
        await each.beat()
    try:
        yield made
    finally:
        for each in made:
            await each.upkeep.stop()
            each.keyring._threads.shutdown()
            await each.pool.close()


def claim_of(world: World, key: int = 1, request: int = 1) -> Claim:
    return Claim(
        application_id=world.mine.application.pk,
        team_id=world.mine.team.pk,
        key_digest=bytes([key]) * 16,
        request_digest=bytes([request]) * 16,
        call_id=new_id(),
    )


def answer_of(claim: Claim) -> Answer:
    return Answer(
        200,
        "",
        [("content-type", "text/plain")],
        b"I am ann@example.com " + claim.call_id.bytes,
        claim.call_id,
    )


ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 1),  # process
        st.integers(1, 2),  # key
        st.integers(1, 2),  # request
        st.sampled_from(["answered", "answered", "failed", "leaves"]),
        st.integers(0, 3),  # turns of the loop before it arrives
    ),
    min_size=1,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=ARRIVALS)
def test_one_call_of_a_key_at_a_time_and_all_are_told(world, arrivals):
    IdempotentCall.objects.all().delete()
    asyncio.run(_arrive(world, arrivals))
    assert not IdempotentCall.objects.filter(state="running").exists()


async def _arrive(world: World, arrivals: list[tuple[int, int, int, str, int]]) -> None:
    running: Counter[int] = Counter()
    answered: dict[int, list[Claim]] = defaultdict(list)
    refused: set[str] = set()

    async def arrive(process: Process, key: int, request: int, outcome: str, turns: int) -> None:
        await asyncio.sleep(turns / 200)
        claim = claim_of(world, key, request)
        entering = asyncio.ensure_future(process.calls.enter(claim))
        if outcome == "leaves":
            await asyncio.sleep(0.002)
            entering.cancel()
        try:
            found = await entering
        except asyncio.CancelledError:
            return
        except Refusal as refusal:
            refused.add(refusal.code)
            return
        if isinstance(found, Answer):
            first = answered[key][0]
            assert found == answer_of(first)
            assert first.request_digest == claim.request_digest
            return
        running[key] += 1
        assert running[key] == 1, "two calls of a key at once"
        assert not answered[key], "a call was made whose answer there was"
        await asyncio.sleep(0.005)
        running[key] -= 1
        if outcome == "failed":
            await process.calls.free(found, Refusal("upstream_error", "Why."))
        else:
            answered[key].append(claim)
            await process.calls.keep(found, answer_of(claim), is_stored=True)

    async with processes() as made:
        async with asyncio.timeout(30):
            await asyncio.gather(*(arrive(made[number], *rest) for number, *rest in arrivals))
            for process in made:
                await process.calls._claims.drain()
                while process.calls._mine or process.upkeep._tasks:  # noqa: ASYNC110 - who left lets go by and by
                    await asyncio.sleep(0.01)
    assert refused <= {"idempotency_key_reused", "upstream_error", "overloaded"}
    assert all(len(each) <= 1 for each in answered.values())


def test_an_answer_is_sealed_and_gone_with_the_teams_key(world):
    async def keep() -> None:
        async with processes(1) as (process,):
            claim = claim_of(world)
            holding = await process.calls.enter(claim)
            assert isinstance(holding, Holding)
            await process.calls.keep(holding, answer_of(claim), is_stored=True)
            assert await process.calls.enter(claim_of(world)) == answer_of(claim)

    async def ask() -> None:
        async with processes(1) as (process,):
            with pytest.raises(Refusal, match="idempotency_key_spent"):
                await process.calls.enter(claim_of(world))

    asyncio.run(keep())
    row = IdempotentCall.objects.get()
    assert b"ann@example.com" not in bytes(row.sealed)
    keys = TeamKey.objects.filter(team=world.mine.team)
    erase(keys, by=make_person("eraser"), reason="A test.", now=utc_now())
    asyncio.run(ask())


def test_a_process_that_ended_in_good_order_gives_its_keys_back_at_once(world):
    async def check() -> None:
        async with processes() as (ended, living):
            assert isinstance(await ended.calls.enter(claim_of(world)), Holding)
            await ended.beat(pid=0)
            assert isinstance(await living.calls.enter(claim_of(world)), Holding)
            assert living.counts["taken_over"] == 1

    asyncio.run(check())


def test_who_waits_too_long_is_told_to_come_again(world):
    async def check() -> None:
        async with processes(wait_seconds=0.6) as (first, second):
            holding = await first.calls.enter(claim_of(world))
            assert isinstance(holding, Holding)
            for process in (first, second):
                with pytest.raises(Refusal, match="idempotency_key_in_use") as caught:
                    await process.calls.enter(claim_of(world))
                assert caught.value.retry_after
            await first.calls.free(holding, Refusal("upstream_error", "Why."))
            assert isinstance(await second.calls.enter(claim_of(world)), Holding)

    asyncio.run(check())


class _Losing(IdempotencyStore):
    """A database whose first answer is lost, whatever is asked: it has done it all the same."""

    lost: set[str]

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        rows = await super()._rows(statement, values)
        what = statement.split()[0]
        self.lost = getattr(self, "lost", set())
        if what in self.lost:
            return rows
        self.lost.add(what)
        raise IdempotencyUnavailableError("lost")


def test_a_claim_whose_answer_was_lost_makes_no_call_and_is_given_up(world):
    async def check() -> None:
        async with processes(1, store_type=_Losing) as (process,):
            with pytest.raises(IdempotencyUnavailableError):
                await process.calls.enter(claim_of(world))
            holding = await _until_held(process, world)
            await process.calls.keep(holding, answer_of(holding.claim), is_stored=True)
            assert await process.calls.enter(claim_of(world)) == answer_of(holding.claim)

    asyncio.run(check())


async def _until_held(process: Process, world: World) -> Holding:
    async with asyncio.timeout(20):
        while True:
            with suppress(IdempotencyUnavailableError, Refusal):
                found = await process.calls.enter(claim_of(world))
                assert isinstance(found, Holding)
                return found
            await asyncio.sleep(0.05)


def test_without_postgres_no_call_is_made(world):
    async def check() -> None:
        async with processes(1) as (process,):
            await process.pool.close()
            with pytest.raises(IdempotencyUnavailableError):
                await process.calls.enter(claim_of(world))

    asyncio.run(check())
