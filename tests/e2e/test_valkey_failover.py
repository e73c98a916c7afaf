"""A replica takes the place of Valkey under load: no call fails, and worker and beat go on by themselves."""

import asyncio
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from embedded.waiting import stop_all
from kernel.background_queues import QUEUES
from tests.client import HTTP
from tests.drill.background import background, start_all
from tests.e2e.conftest import MODEL, World
from tests.in_thread import in_thread
from tests.moving import moving
from tests.sentinel import Replica, client, watched
from tests.services import PASSWORD, Stack, temporary_folder, until

Promote = Callable[[], None]


@contextmanager
def by_sentinels(stack: Stack) -> Iterator[tuple[str, Promote]]:
    with watched(stack, stack.data_dir / "replica") as found:
        yield found.address, found.fail_over


@contextmanager
def by_an_address(stack: Stack) -> Iterator[tuple[str, Promote]]:
    """The old primary stays, as a replica, and so do the connections to it."""
    replica = Replica(stack, stack.data_dir / "replica")
    with ExitStack() as ending:
        ending.callback(replica.stop)
        address = ending.enter_context(moving(stack.services.valkey.port))

        def promote() -> None:
            replica.promote()
            address.lead_to(replica.server.port)
            with client(stack.valkey) as old:
                old.replicaof("127.0.0.1", str(replica.server.port))

        yield f"redis://:{PASSWORD}@127.0.0.1:{address.port}/0", promote


@pytest.mark.parametrize("by", [by_sentinels, by_an_address])
def test_a_promoted_replica_is_found(by):
    folder, told = temporary_folder(), Counter()
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        stack = ending.enter_context(Stack(folder))
        stack.manage("load_catalog")
        url, promote = ending.enter_context(by(stack))
        workers = background(stack.environment(REDIS_URL=url), folder)
        ending.callback(stop_all, workers)
        start_all(workers)
        world = World(stack, stack.gateway(env={"REDIS_URL": url}), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**13)
        world.set_rate_limit(team="Tests", metric="requests", limit=100_000)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        until(lambda: len(pulses(world)) == len(QUEUES), seconds=40, what="the first work")
        pids = [child.pid for child in workers]

        async def calls(stop: threading.Event) -> None:
            headers = {"authorization": f"Bearer {world.key}"}
            async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as http:
                while not stop.is_set():
                    body = {"model": MODEL, "max_tokens": 20, "messages": [{"role": "user", "content": "[simulate: tokens=8] Hi"}]}  # fmt: skip
                    told[(await http.post("/v1/chat/completions", json=body)).status_code] += 1
                    await asyncio.sleep(0.02)

        with in_thread(calls):
            promote()
            before = pulses(world)
            until(lambda: is_shared(world), seconds=30, what="the shared rate limits")
            until(
                lambda: all(pulses(world)[queue] > before[queue] for queue in QUEUES), seconds=50, what="work"
            )
        assert set(told) == {200}
        assert HTTP.get(f"{world.url}/readyz").json()["checks"]["valkey"] == "ok"
        assert [child.pid for child in workers if child.is_alive()] == pids


def pulses(world: World) -> dict:
    return {row["queue"]: row["at"] for row in world.execute("SELECT queue, at FROM governance_workerpulse")}


def is_shared(world: World) -> bool:
    return HTTP.get(f"{world.url}/readyz").json()["rate_limits"] == "shared"
