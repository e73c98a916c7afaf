"""Calls that are made later: accepted, waiting for their limits, answered once, told by webhook, given up and sent again; with
Celery's own workers, whatever dies.
"""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from embedded.child import Child, Command
from embedded.waiting import stop_all
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.services import ROOT, Stack, temporary_folder, until

pytestmark = [pytest.mark.slow]
SECRET = "My card is 4111 1111 1111 1111."


class Worker:
    """A Celery worker of jobs and webhooks, and its clock."""

    def __init__(self, stack: Stack, gateway_url: str, **environment: str) -> None:
        self._environment = stack.environment(
            GATEHOUSE_GATEWAY_URL=gateway_url,
            GATEHOUSE_JOBS_WEBHOOK_HOSTS="127.0.0.1:*,localhost",
            **environment,
        )
        self._stack = stack
        self._children: dict[str, Child] = {}

    def start(self) -> None:
        folder = self._stack.data_dir / "beat"
        folder.mkdir(exist_ok=True)
        options = (
            "-Q",
            "jobs,deliveries",
            "--pool",
            "threads",
            "--concurrency",
            "12",
            "--without-gossip",
            "--without-mingle",
        )
        self._begin("worker", (*options, "--loglevel", "info"), " ready.")
        self._begin(
            "beat",
            ("--schedule", str(folder / "schedule"), "--pidfile", "", "--loglevel", "info"),
            "beat: Starting",
        )

    def _begin(self, name: str, options: tuple[str, ...], ready: str) -> None:
        command = Command(
            name=f"jobs-{name}", title=name, environment=self._environment, folder=ROOT, ready_text=ready,
            arguments=(sys.executable, "-m", "celery", "-A", "config.celery", name, *options),
        )  # fmt: skip
        child = self._children[name] = Child(command, logs=self._stack.data_dir / "logs")
        child.start()
        until(child.is_ready, seconds=60, what=f"the {name}")

    def kill(self, name: str) -> None:
        child = self._children.pop(name)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: not child.is_alive(), what=f"the end of the {name}")

    def stop(self) -> None:
        stop_all(self._children.values())
        self._children.clear()


@pytest.fixture(scope="module")
def jobs() -> Iterator[World]:
    """A stack of its own: its parts get killed."""
    with Stack(temporary_folder(), durable=True) as stack:
        stack.manage("load_catalog")
        hooks = {"GATEHOUSE_JOBS_WEBHOOK_HOSTS": "localhost:*"}
        world = World(stack, stack.gateway(env=hooks), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world


@pytest.fixture(scope="module")
def worker(jobs: World) -> Iterator[Worker]:
    running = Worker(jobs.stack, jobs.url)
    running.start()
    yield running
    running.stop()


def send(
    world: World,
    path: str = "chat/completions",
    *,
    key: str | None = None,
    headers: Any = None,
    **members: Any,
) -> Any:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50} | members
    return world.post(f"/v1/async/{path}", key=key, headers=headers or {}, json=body)


def look(world: World, job: str, *, key: str | None = None) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key or world.key}"}
    found: dict[str, Any] = HTTP.get(f"{world.url}/v1/async/{job}", headers=headers).raise_for_status().json()
    return found


def ended(world: World, job: str, *, key: str | None = None, seconds: float = 60) -> dict[str, Any]:
    until(
        lambda: look(world, job, key=key)["status"] not in ("queued", "in_progress"),
        seconds=seconds,
        what="the end of the job",
    )
    return look(world, job, key=key)


def test_accepted_polled_and_answered_as_the_entrance_would(jobs, worker):
    made = send(jobs)
    assert made.status_code == 202, made.text
    job = made.json()
    assert made.headers["location"] == f"/v1/async/{job['id']}"
    assert (job["status"], job["response"]) == ("queued", None)
    found = ended(jobs, job["id"])
    assert found["status"] == "completed", found
    assert found["response"]["status_code"] == 200
    assert found["response"]["body"]["object"] == "chat.completion"
    assert found["response"]["headers"]["x-gatehouse-call-id"] == found["call_id"]
    record = jobs.record(found["call_id"])
    assert (record["status"], record["cost_nanos"] > 0) == ("succeeded", True)
    with openai.OpenAI(base_url=f"{jobs.url}/v1/async/{job['id']}", api_key=jobs.key) as client:
        whole = client.get("/response", cast_to=openai.types.chat.ChatCompletion)
    assert whole.choices[0].message.content == found["response"]["body"]["choices"][0]["message"]["content"]
