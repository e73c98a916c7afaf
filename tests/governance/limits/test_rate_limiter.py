"""Rate limits: Valkey's script and Python's tallies are one thing; exact across processes; safe without Valkey."""

import asyncio
from collections import Counter as Count

import msgspec
import pytest
import redis
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.limits.policy.rate_limits import LEASE_MS, Counter, RateRequest, Tallies, share_of
from governance.limits.services import rate_limiter
from governance.limits.services.rate_limiter import RateLimiter, Ticket
from kernel.ids import random_token
from kernel.upkeep import Upkeep

MINUTE = 60_000
START = 1_800_000_000_000


class Shared:
    """The scripts as the gateway runs them, at times of the test's choosing."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._prefix = f"test:{random_token(12)}:"
        folder = rate_limiter._FOLDER
        self._admit = self._client.register_script((folder / "admit.lua").read_text())
        self._correct = self._client.register_script((folder / "correct.lua").read_text())

    def admit(self, requests, now_ms):
        counters = list({counter for request in requests for counter, _ in request.takes})
        calls = [(r.call_id, [(counters.index(c) + 1, amount) for c, amount in r.takes]) for r in requests]
        limits = [(counter.period_ms, counter.limit) for counter in counters]
        arguments = msgspec.msgpack.encode((limits, calls, LEASE_MS, now_ms))
        answer = self._admit(keys=[self._prefix + c.key for c in counters], args=[arguments])
        return [
            (counters[short - 1] if short else None, None if retry < 0 else retry, tuple(used))
            for short, retry, used in msgspec.msgpack.decode(answer)[1]
        ]

    def correct(self, counter, at_ms, change, now_ms):
        changes = [(1, at_ms // counter.slice_ms, change)]
        arguments = msgspec.msgpack.encode(([counter.period_ms], changes, [], [], LEASE_MS, now_ms))
        self._correct(keys=[self._prefix + counter.key], args=[arguments])

    def release(self, counter, call_id, now_ms):
        arguments = msgspec.msgpack.encode(([0], [], [(1, call_id)], [], LEASE_MS, now_ms))
        self._correct(keys=[self._prefix + counter.key], args=[arguments])

    def close(self):
        for key in self._client.scan_iter(self._prefix + "*"):
            self._client.delete(key)
        self._client.close()


COUNTERS = (
    Counter("a", MINUTE, 10),
    Counter("b", MINUTE, 25),
    Counter("twelve", 12 * MINUTE, 15),
    Counter("hour", 60 * MINUTE, 30),
    Counter("c", 0, 3),
)
TAKES = st.lists(st.sampled_from(COUNTERS), min_size=1, max_size=4, unique=True).flatmap(
    lambda found: st.tuples(
        *(st.tuples(st.just(c), st.just(1) if c.period_ms == 0 else st.integers(1, 12)) for c in found)
    )
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 25_000),
        st.one_of(
            st.lists(TAKES, min_size=1, max_size=4).map(lambda batch: ("admit", batch)),
            st.tuples(st.just("correct"), st.integers(-8, 5)),
            st.just(("release", None)),
        ),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_valkey_and_python_decide_alike(redis_url, steps):
    shared, tallies = Shared(redis_url), Tallies()
    now, number, admitted = START, 0, []
    try:
        for pause, (what, detail) in steps:
            now += pause
            if what == "admit":
                requests = []
                for takes in detail:
                    number += 1
                    requests.append(RateRequest(f"call-{number}", takes))
                decisions = tallies.admit(requests, now_ms=now)
                assert shared.admit(requests, now) == [(d.short, d.retry_ms, d.used) for d in decisions]
                admitted += [(r, now) for r, d in zip(requests, decisions, strict=True) if d.admitted]
            elif admitted:
                request, at = admitted.pop()
                for counter, _ in request.takes:
                    if counter.period_ms and what == "correct":
                        tallies.correct(counter, at_ms=at, change=detail, now_ms=now)
                        shared.correct(counter, at, detail, now)
                    elif not counter.period_ms:
                        tallies.release(counter, request.call_id)
                        shared.release(counter, request.call_id, now)
    finally:
        shared.close()


@settings(max_examples=200, deadline=None)
@given(
    calls=st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 10)), max_size=80),
    limit=st.integers(1, 30),
    minutes=st.sampled_from([1, 7, 12, 60, 7 * 1440]),
)
def test_no_period_lets_through_more_than_the_limit(calls, limit, minutes):
    period = minutes * MINUTE
    tallies, counter, now, passed = Tallies(), Counter("x", period, limit), START, []
    for pause, amount in calls:
        now += pause * minutes
        (decision,) = tallies.admit([RateRequest("c", ((counter, amount),))], now_ms=now)
        if decision.admitted:
            passed.append((now, amount))
            assert sum(taken for at, taken in passed if now - period < at) <= limit
        elif decision.retry_ms is not None:
            # What it is told to wait for is enough, if nobody else comes, and not more than a slice too long.
            probe = Tallies()
            probe._tallies = {"x": type(tallies._tallies["x"])(dict(tallies._tallies["x"].slices))}
            again = probe.admit([RateRequest("c", ((counter, amount),))], now_ms=now + decision.retry_ms)
            assert again[0].admitted
        else:
            assert amount > limit


@given(limit=st.integers(0, 1000), processes=st.integers(1, 50))
def test_the_shares_of_all_processes_are_the_limit(limit, processes):
    assert sum(share_of(limit, rank=rank, processes=processes) for rank in range(processes)) == limit


def limiters(url: str, number: int) -> list[RateLimiter]:
    prefix = f"test:{random_token(12)}:"
    return [
        RateLimiter(url, members=lambda rank=rank: (rank, number), prefix=prefix) for rank in range(number)
    ]


async def sharing_again(limiter: RateLimiter) -> None:
    for _ in range(400):
        await asyncio.sleep(0.05)
        if limiter.is_shared:
            await asyncio.sleep(0.05)  # it tells what passed meanwhile
            return
    raise AssertionError("Valkey is back, and not used")


async def test_exact_across_processes_and_given_back(redis_url):
    found = limiters(redis_url, 4)
    requests, tokens, running = (
        Counter("r", 3600_000, 100),
        Counter("t", 3600_000, 10_000),
        Counter("c", 0, 60),
    )
    try:
        calls = [
            (found[n % 4], RateRequest(f"call-{n}", ((requests, 1), (tokens, 90), (running, 1))))
            for n in range(300)
        ]
        decisions = await asyncio.gather(*(limiter.admit(request) for limiter, request in calls))
        assert Count(d.short.key if d.short else None for d in decisions) == {None: 60, "c": 240}
        for (limiter, request), decision in zip(calls, decisions, strict=True):
            if decision.admitted:
                limiter.settle(Ticket(request, decision), {tokens: 40})
        for limiter in found:
            await limiter._corrections.drain()
        again = await asyncio.gather(*(limiter.admit(request) for limiter, request in calls[:50]))
        assert Count(d.short.key if d.short else None for d in again) == {None: 40, "r": 10}
        assert again[0].used[1] == 60 * 40 + 90
    finally:
        for limiter in found:
            await limiter.stop()


async def test_without_valkey_each_process_keeps_to_its_share():
    found = limiters("redis://127.0.0.1:1/0", 3)
    counter, never = Counter("r", 3600_000, 20), Counter("n", 3600_000, 2)
    try:
        answers = [
            await limiter.admit(RateRequest(f"{n}", ((counter, 1),))) for n in range(30) for limiter in found
        ]
        assert sum(answer.admitted for answer in answers) == 20
        assert not any(limiter.is_shared for limiter in found)
        assert (answers[-1].short, answers[-1].retry_ms > 0) == (counter, True)
        few = [await limiter.admit(RateRequest("x", ((never, 1),))) for limiter in found for _ in range(3)]
        assert sum(answer.admitted for answer in few) == 2
    finally:
        for limiter in found:
            await limiter.stop()


@pytest.mark.slow
async def test_valkey_is_told_what_passed_without_it(redis_url):
    (limiter,) = limiters(redis_url, 1)
    counter, running = Counter("r", 3600_000, 10), Counter("c", 0, 2)
    limiter._lose(ConnectionError("a test"))
    try:
        for n in range(4):
            assert (await limiter.admit(RateRequest(str(n), ((counter, 1),)))).admitted
        assert (await limiter.admit(RateRequest("runs", ((running, 1),)))).admitted
        limiter.start(Upkeep())
        await sharing_again(limiter)
        decision = await limiter.admit(RateRequest("next", ((counter, 1), (running, 1))))
        assert decision.used == (5, 2)
    finally:
        await limiter.stop()


@pytest.mark.slow
async def test_a_primary_that_becomes_a_replica_is_left_until_it_takes_writes(redis_url):
    (limiter,) = limiters(redis_url, 1)
    counter = Counter("r", 3600_000, 3)
    limiter.start(Upkeep())
    async with redis.asyncio.from_url(redis_url) as valkey:
        try:
            await valkey.execute_command("REPLICAOF", "127.0.0.1", "1")
            assert (await limiter.admit(RateRequest("1", ((counter, 1),)))).admitted
            assert not limiter.is_shared
            assert not await limiter.ping(1.0)
            assert "refuses writes" in limiter.trouble
        finally:
            await valkey.execute_command("REPLICAOF", "NO", "ONE")
    try:
        await sharing_again(limiter)
        assert (await limiter.admit(RateRequest("2", ((counter, 1),)))).used == (2,)
        assert limiter.trouble == ""
    finally:
        await limiter.stop()


@pytest.mark.slow
@pytest.mark.parametrize("used_before", [0, 6])
async def test_no_more_passes_than_the_limit_whoever_comes_back_first(redis_url, used_before):
    early, late = found = limiters(redis_url, 2)
    counter = Counter("r", 3600_000, 10)
    for limiter in found:
        limiter._lose(ConnectionError("a test"))

    async def admitted(limiter: RateLimiter) -> bool:
        return (await limiter.admit(RateRequest(random_token(8), ((counter, 1),)))).admitted

    passed = sum([await admitted(limiter) for limiter in found for _ in range(used_before)])
    try:
        early.start(Upkeep())
        await asyncio.sleep(0.9)
        late.start(Upkeep())
        await sharing_again(early)
        for limiter in (early, late):
            passed += sum([await admitted(limiter) for _ in range(12)])
        await sharing_again(late)
        passed += sum([await admitted(limiter) for limiter in found for _ in range(3)])
        assert passed == 10
        assert (await early.admit(RateRequest("last", ((counter, 1),)))).used == (10,)
    finally:
        await early.stop()
        await late.stop()


async def test_what_is_told_twice_counts_once(redis_url):
    (limiter,) = limiters(redis_url, 1)
    counter = Counter("r", 3600_000, 100)
    try:
        first = await limiter.admit(RateRequest("1", ((counter, 1),)))
        changes = [(counter, first.at_ms // counter.slice_ms, 5)]
        for lot in ("a", "a", "b"):
            await limiter._tell(lot, changes)
        assert (await limiter.admit(RateRequest("2", ((counter, 1),)))).used == (12,)
    finally:
        await limiter.stop()


@pytest.mark.slow
async def test_a_share_is_there_once_however_often_valkey_goes(redis_url):
    (limiter,) = limiters(redis_url, 1)
    counter = Counter("r", 3600_000, 5)
    limiter._lose(ConnectionError("a test"))
    try:
        assert [(await limiter.admit(RateRequest(f"{n}", ((counter, 1),)))).admitted for n in range(6)].count(
            True
        ) == 5
        limiter.start(Upkeep())
        await sharing_again(limiter)
        limiter._lose(ConnectionError("a test"))
        assert not (await limiter.admit(RateRequest("again", ((counter, 1),)))).admitted
    finally:
        await limiter.stop()


@pytest.mark.slow
async def test_calls_that_end_while_valkey_comes_back_leave_room(redis_url):
    (limiter,) = limiters(redis_url, 1)
    running = Counter("c", 0, 4)
    limiter._lose(ConnectionError("a test"))
    limiter.start(Upkeep())

    async def call(number: int) -> bool:
        request = RateRequest(f"{number}", ((running, 1),))
        decision = await limiter.admit(request)
        if decision.admitted:
            await asyncio.sleep(0.2)
            limiter.settle(Ticket(request, decision), {})
        return decision.admitted

    try:
        number = 0
        async with asyncio.timeout(20):
            while not limiter.is_shared:
                assert all(await asyncio.gather(*(call(number := number + 1) for _ in range(4))))
                await limiter._corrections.drain()
        assert all(await asyncio.gather(*(call(number := number + 1) for _ in range(4))))
    finally:
        await limiter.stop()


class Far(RateLimiter):
    """One that takes long to tell Valkey anything."""

    async def _run_correct(self, *arguments, **more):
        await asyncio.sleep(0.2)
        await super()._run_correct(*arguments, **more)


@pytest.mark.slow
async def test_nothing_is_forgotten_while_it_changes_over(redis_url):
    limiter = Far(redis_url, members=lambda: (0, 1), prefix=f"test:{random_token(12)}:")
    counter = Counter("r", 3600_000, 100_000)
    limiter._lose(ConnectionError("a test"))
    limiter.start(Upkeep())
    try:
        number = shared = 0
        while shared < 50:
            number += 1
            decision = await limiter.admit(RateRequest(f"{number}", ((counter, 1),)))
            assert decision.used == (number,)
            shared += limiter.is_shared
            await asyncio.sleep(0.005)
    finally:
        await limiter.stop()


@pytest.mark.slow
async def test_calls_under_way_when_valkey_goes_still_count(redis_url):
    (limiter,) = limiters(redis_url, 1)
    running, tokens = Counter("c", 0, 2), Counter("t", 3600_000, 1000)
    first, second, third = (RateRequest(name, ((running, 1), (tokens, 100))) for name in ("1", "2", "3"))
    try:
        tickets = [Ticket(request, await limiter.admit(request)) for request in (first, second)]
        limiter._lose(ConnectionError("a test"))
        assert (await limiter.admit(third)).short == running
        limiter.settle(tickets[0], {tokens: 150})
        await limiter._corrections.drain()
        decision = await limiter.admit(third)
        assert decision.used == (2, 150)
        limiter.start(Upkeep())
        await sharing_again(limiter)
        limiter.settle(tickets[1], {})
        limiter.settle(Ticket(third, decision), {})
        await limiter._corrections.drain()
        assert (await limiter.admit(RateRequest("4", ((running, 1), (tokens, 1))))).used == (1, 351)
    finally:
        await limiter.stop()


async def test_what_never_fits_is_told_so(redis_url):
    (limiter,) = limiters(redis_url, 1)
    try:
        decision = await limiter.admit(RateRequest("big", ((Counter("t", MINUTE, 100), 101),)))
        assert (decision.admitted, decision.retry_ms) == (False, None)
    finally:
        await limiter.stop()
