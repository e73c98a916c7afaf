"""Postgres and Valkey restarted and a gateway killed, each under load: nothing is lost and nothing charged twice."""

import asyncio
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.e2e.conftest import MODEL, World
from tests.invariants import assert_sound
from tests.services import Stack, temporary_folder, until

pytestmark = [pytest.mark.slow, pytest.mark.load]


@pytest.fixture(scope="module")
def crash_world() -> Iterator[World]:
    """A stack of its own, durable as in production, because its parts get killed."""
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world
    shutil.rmtree(folder, ignore_errors=True)


class Load:
    """Callers, some of whom leave midway, until told to stop; counts what each of their calls ended with."""

    def __init__(self, world: World, urls: list[str], callers: int) -> None:
        self._world, self._urls, self._callers = world, urls, callers
        self.outcomes: Counter[str] = Counter()
        self.answered: set[str] = set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Calls from a thread of their own: only the main thread may start processes that die with it."""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as thread:
            finished = thread.submit(asyncio.run, self._run(stop))
            try:
                yield
            finally:
                stop.set()
                finished.result()

    async def _run(self, stop: threading.Event) -> None:
        limits = httpx.Limits(max_connections=self._callers)
        async with httpx.AsyncClient(timeout=30, limits=limits) as client:
            await asyncio.gather(*(self._call(client, number, stop) for number in range(self._callers)))

    async def _call(self, client: httpx.AsyncClient, number: int, stop: threading.Event) -> None:
        dice = random.Random(number)
        headers = {"authorization": f"Bearer {self._world.key}"}
        while not stop.is_set():
            is_stream = dice.random() < 0.5
            content = f"[simulate: tokens={dice.randint(1, 80)}] I am person{number}@example.com"
            body = {
                "model": MODEL,
                "stream": is_stream,
                "max_tokens": 100,
                "messages": [{"role": "user", "content": content}],
            }
            url = dice.choice(self._urls) + "/v1/chat/completions"
            try:
                async with client.stream("POST", url, json=body, headers=headers) as answer:
                    self.outcomes[str(answer.status_code)] += 1
                    if is_stream and dice.random() < 0.2:
                        continue
                    await answer.aread()
                    if answer.status_code == 200 and not is_stream:
                        self.answered.add(answer.headers["x-gatehouse-call-id"])
            except httpx.HTTPError as error:
                self.outcomes[type(error).__name__] += 1
                await asyncio.sleep(0.05)


def settled(world: World) -> None:
    """Waits until no call is held any more, and checks the ledger."""
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), seconds=30, what="the last settlement")
    assert_sound(world.execute)


def on_record(world: World, call_ids: set[str]) -> None:
    rows = world.execute(
        "SELECT call_id::text FROM governance_auditrecord WHERE status = 'succeeded' AND cost_nanos > 0"
    )
    assert call_ids <= {row["call_id"] for row in rows}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["fast shutdown", "kill -9"])
def test_postgres_restarted_under_load(crash_world, how):
    world = crash_world
    load = Load(world, [world.url], 16)

    with load.running():
        time.sleep(1.5)
        world.stack.restart("postgres", how)
        until(lambda: world.chat().status_code == 200, what="an answer after the restart")
        time.sleep(1.5)
    assert set(load.outcomes) <= {"200", "503"}, load.outcomes
    assert load.outcomes["200"] > 20
    settled(world)
    on_record(world, load.answered)


def test_valkey_restarted_under_load_stops_no_call(crash_world):
    world = crash_world
    load = Load(world, [world.url], 8)

    with load.running():
        time.sleep(0.5)
        world.stack.restart("valkey", signal.SIGKILL)
        time.sleep(0.5)
    assert set(load.outcomes) == {"200"}
    until(lambda: httpx.get(f"{world.url}/readyz").json()["checks"]["valkey"] == "ok")
    settled(world)


def test_a_gateway_killed_under_load_leaves_holds_that_are_charged(crash_world):
    world = crash_world
    other = world.stack.gateway()
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, tokens_per_second=60)
    load = Load(world, [world.url, other.url], 24)
    with load.running():
        time.sleep(1.5)
        other.kill()
        left = {row["call_id"] for row in world.execute("SELECT call_id::text FROM governance_hold")}
        time.sleep(1)
    world.heal()
    # The heartbeat of the dead process is made old, where waiting half a minute would do the same.
    world.execute(
        "UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' WHERE id IN "
        "(SELECT instance_id FROM governance_hold) AND heartbeat_at < now() - interval '2 seconds'"
    )
    until(lambda: _expire(world) == 0, seconds=30, what="the end of all holds")
    settled(world)
    on_record(world, load.answered)
    expired = world.execute("SELECT * FROM governance_auditrecord WHERE status = 'expired'")
    assert expired
    assert {str(record["call_id"]) for record in expired} <= left
    assert all(
        record["is_estimated"] and record["cost_nanos"] == record["reserved_nanos"] for record in expired
    )


def _expire(world: World) -> int:
    world.execute("SELECT * FROM gatehouse_expire(5, 500)")
    return len(world.execute("SELECT 1 FROM governance_hold"))
