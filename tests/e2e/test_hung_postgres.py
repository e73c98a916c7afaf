"""Postgres hangs: its processes are stopped, its sockets stay open. Nothing waits for it longer than it must."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.drill.signals import stopped
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.services import Stack, temporary_folder, until

pytestmark = pytest.mark.slow

PATIENCE = 10.0
"""Seconds within which a new call is refused."""
HI = [{"role": "user", "content": "Hi"}]
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "inferenceConfig": {"maxTokens": 5}}
CALLS = {
    "chat": ("/v1/chat/completions", {"model": MODEL, "messages": HI}),
    "chat stream": ("/v1/chat/completions", {"model": MODEL, "messages": HI, "stream": True}),
    "responses": ("/v1/responses", {"model": MODEL, "input": "Hi"}),
    "messages": ("/v1/messages", {"model": MODEL, "messages": HI, "max_tokens": 5}),
    "messages stream": ("/v1/messages", {"model": MODEL, "messages": HI, "max_tokens": 5, "stream": True}),
    "converse": (f"/bedrock/model/{MODEL}/converse", CONVERSE),
    "converse stream": (f"/bedrock/model/{MODEL}/converse-stream", CONVERSE),
    "invoke": (
        f"/bedrock/model/{MODEL}/invoke",
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": HI},
    ),
    "completions": ("/v1/completions", {"model": MODEL, "prompt": "Hi"}),
    "embeddings": ("/v1/embeddings", {"model": "titan-embed-text-v2", "input": "Hi"}),
}


@pytest.fixture(scope="module")
def hung_world() -> Iterator[World]:
    folder = temporary_folder()
    with Stack(folder) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(env={"GATEHOUSE_SETTLE_TIMEOUT_SECONDS": "4"}), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def hanging(world: World) -> Iterator[None]:
    """Stops the server and each of its backends."""
    pid = int(world.execute("SELECT pg_read_file('postmaster.pid') AS text")[0]["text"].split()[0])
    with stopped(pid):
        yield


def ask(world: World, name: str, *, seconds: float = PATIENCE) -> httpx.Response:
    path, body = CALLS[name]
    headers = {"authorization": f"Bearer {world.key}", "anthropic-version": "2023-06-01"}
    return httpx.post(world.url + path, json=body, headers=headers, timeout=seconds)


def test_a_new_call_is_refused_in_every_format_and_nothing_is_lost(hung_world):
    world = hung_world
    with hanging(world):
        with ThreadPoolExecutor(len(CALLS)) as threads:
            together = dict(zip(CALLS, threads.map(lambda name: ask(world, name), CALLS), strict=True))
        later = {name: ask(world, name, seconds=5) for name in CALLS}
        refused = httpx.post(
            f"{world.url}/v1/chat/completions",
            json={"model": "nothing", "messages": HI},
            headers={"authorization": f"Bearer {world.key}"},
            timeout=PATIENCE,
        )
        ready = httpx.get(f"{world.url}/readyz", timeout=5)
    assert {name: answer.status_code for name, answer in together.items()} == dict.fromkeys(CALLS, 503)
    assert {name: answer.status_code for name, answer in later.items()} == dict.fromkeys(CALLS, 503)
    # Which keys have been revoked meanwhile, nobody knows.
    assert (refused.status_code, ready.status_code) == (503, 503)
    until(lambda: world.chat().status_code == 200, seconds=30, what="an answer after it")
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), seconds=30, what="the last settlement")
    for answer in [*together.values(), *later.values()]:
        record = world.record(answer.headers["x-gatehouse-call-id"])
        assert (record["code"], record["http_status"], record["cost_nanos"]) == ("not_auditable", 503, 0)
    assert_sound(world.execute)


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_whose_record_is_late_says_the_same_in_both(hung_world, stream):
    world = hung_world
    until(lambda: world.chat().status_code == 200, what="an answer")
    world.fault(tokens_per_second=10)
    body = {"model": MODEL, "max_tokens": 40, "stream": stream}
    body["messages"] = [{"role": "user", "content": "[simulate: tokens=20] Hi"}]
    answers: list[httpx.Response] = []
    headers = {"authorization": f"Bearer {world.key}"}

    def call() -> None:
        answers.append(httpx.post(f"{world.url}/v1/chat/completions", json=body, headers=headers, timeout=60))

    thread = threading.Thread(target=call)
    thread.start()
    until(lambda: bool(world.execute("SELECT 1 FROM governance_hold")), what="the hold")
    with hanging(world):
        thread.join()
    world.heal()
    (answer,) = answers
    assert "not_auditable" in answer.text
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), seconds=30, what="the settlement")
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["http_status"]) == ("failed", "not_auditable", 503)
    assert record["cost_nanos"] > 0  # the model was asked, and AWS charges for it
    assert_sound(world.execute)
