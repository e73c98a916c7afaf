"""`/metrics` of a gateway of two processes: whichever answers, it tells of both, and no counter falls when one ends."""

import re
import signal
from contextlib import suppress

import httpx
import psutil
import pytest
import redis
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from embedded.waiting import stop_all
from kernel.bugs import COUNTS, LAST
from tests.client import HTTP
from tests.drill.background import background, start_all
from tests.e2e.conftest import World
from tests.services import Server, until

_NUMBER = r" ([\d.e+-]+)$"


def number(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)}{_NUMBER}", text, re.M)
    assert found, text
    return float(found[1])


def calls(text: str) -> float:
    return sum(map(float, re.findall(r"^gatehouse_calls_total\{[^}]*\}" + _NUMBER, text, re.M)))


def scrape(server: Server) -> str:
    """By a connection of its own, so that any of the processes may answer."""
    return HTTP.get(f"{server.url}/metrics").text


@pytest.mark.timeout(120)
def test_any_process_tells_of_all(world: World) -> None:
    server = world.stack.gateway(workers=2)
    until(lambda: number(scrape(server), "gatehouse_processes_here") == 2, what="the second process")
    body = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {world.key}"}
    for _ in range(12):
        assert HTTP.post(f"{server.url}/v1/chat/completions", json=body, headers=headers).status_code == 200
    until(lambda: {calls(scrape(server)) for _ in range(6)} == {12.0}, what="what the other has counted")
    for name in (
        'gatehouse_check{check="postgres"}', "gatehouse_ready", "gatehouse_snapshot_age_seconds", "gatehouse_descriptors_open",
        "gatehouse_last_heartbeat_seconds", 'gatehouse_task_failures_total{task="the snapshot"}',
        'gatehouse_task_age_seconds{task="listening for changes"}', "gatehouse_clock_skew_seconds",
    ):  # fmt: skip
        assert number(scrape(server), name) >= -60
    victim = next(
        each for each in psutil.Process(server.pid).children() if "spawn_main" in " ".join(each.cmdline())
    )
    victim.send_signal(signal.SIGKILL)
    until(lambda: number(_whole(server), "gatehouse_processes_here") == 2, seconds=60, what="another process")
    assert calls(_whole(server)) == 12
    assert list(text_string_to_metric_families(_whole(server)))
    server.stop()


def _whole(server: Server) -> str:
    """The text, from whoever is there: one who was killed breaks the connections it had."""
    found: list[str] = []

    def answers() -> bool:
        with suppress(httpx.TransportError):
            found[:] = [scrape(server)]
        return bool(found)

    until(answers, what="an answer")
    return found[0]


@pytest.mark.timeout(120)
@pytest.mark.slow
def test_a_fault_of_a_worker_is_told_by_gateways(world: World) -> None:
    """A task that is given what is no id of a delivery: nobody's fault but ours."""
    server = world.stack.gateway()
    worker, _ = background(world.stack.environment(), world.stack.data_dir)
    start_all([worker])
    try:
        with Celery("asks", broker=world.stack.valkey) as asks:
            asks.send_task("governance.tasks.deliver", args=("no id",), queue="deliveries")
        name = 'gatehouse_bugs_total{where="governance.tasks.deliver"}'
        until(lambda: name in scrape(server), seconds=60, what="the count")
        assert number(scrape(server), name) >= 1
        warned = HTTP.get(f"{server.url}/readyz").json()["warnings"]
        assert any("a fault of its own" in line and "governance.tasks.deliver" in line for line in warned)
    finally:
        stop_all([worker])
        with redis.from_url(world.stack.valkey) as valkey:
            valkey.delete(COUNTS, LAST)
