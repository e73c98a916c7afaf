"""Equal calls at once, in a process and among several, with a real Valkey and without one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis

from gateway.cache.flights import Flights
from kernel.ids import random_bytes


@asynccontextmanager
async def two(url: str, other: str = "") -> AsyncIterator[tuple[Flights, Flights]]:
    """Of two processes."""
    several = Flights(url), Flights(other or url)
    try:
        yield several
    finally:
        for each in several:
            await each.stop()


def test_one_of_a_crowd_makes_the_call_whatever_the_process(redis_url):
    digest = random_bytes(32)

    async def crowd() -> list[bool]:
        async with two(redis_url) as processes:
            leads: list[bool] = []

            async def one(flights: Flights) -> None:
                leads.append(await flights.enter(digest))
                if leads[-1]:
                    await asyncio.sleep(0.1)
                    flights.leave(digest)

            await asyncio.gather(*(one(processes[number % 2]) for number in range(200)))
            assert not any(len(each) for each in processes)
            assert await processes[0].enter(digest)  # it is free again
            processes[0].leave(digest)
            return leads

    leads = asyncio.run(crowd())
    assert (leads.count(True), len(leads)) == (1, 200)


def test_nothing_is_left_of_a_call_whose_caller_left(redis_url):
    digest = random_bytes(32)

    async def leave() -> None:
        async with two(redis_url) as (mine, other):
            assert await other.enter(digest)
            waiting = asyncio.create_task(mine.enter(digest))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait((waiting,))
            assert not mine.is_running(digest)
            other.leave(digest)
        client = redis.from_url(redis_url)
        assert not client.keys(f"gatehouse:cache:flight:{digest.hex()}")
        client.close()

    asyncio.run(leave())


def test_without_valkey_each_process_makes_it_once():
    digest = random_bytes(32)

    async def alone() -> list[bool]:
        async with two("redis://127.0.0.1:1/0") as (mine, other):
            second = asyncio.create_task(mine.enter(digest))
            first = await mine.enter(digest) if not mine.is_running(digest) else False
            elsewhere = await other.enter(digest)
            for each in (mine, other):
                each.leave(digest)
            return [first, await second, elsewhere]

    assert sorted(asyncio.run(alone())) == [False, True, True]


def test_a_caller_who_leaves_while_asking_for_the_turn_keeps_nobody_waiting(redis_url):
    async def leave() -> None:
        async with two(redis_url) as (mine, other):
            for steps in range(8):
                digest = random_bytes(32)
                asking = asyncio.create_task(mine.enter(digest))
                for _ in range(steps):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.wait((asking,))
                if not asking.cancelled():
                    mine.leave(digest)
                await asyncio.sleep(0.1)
                assert await asyncio.wait_for(other.enter(digest), 5), steps
                other.leave(digest)

    asyncio.run(leave())
