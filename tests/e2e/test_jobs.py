"""Calls that are made later: accepted, waiting for their limits, answered once, told by webhook, given up and sent again; with
Celery's own workers, whatever dies.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import UUID

import openai
import pytest

from embedded.child import Child, Command
from embedded.simulator.regions import REGIONS
from embedded.waiting import start_and_wait, stop_all
from gateway.jobs.models import Job
from gateway.jobs.services.actions import send_again
from gateway.jobs.services.running import run
from governance.alerts.policy import signature
from kernel.clock import utc_now
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.services import ROOT, Stack, temporary_folder, until

pytestmark = [pytest.mark.slow]
SECRET = "My card is 4111 1111 1111 1111."


class Worker:
    """A Celery worker of jobs and webhooks, and its clock."""

    def __init__(self, stack: Stack, gateway_url: str, **environment: str) -> None:
        self._environment = stack.environment(GATEHOUSE_GATEWAY_URL=gateway_url, **environment)
        self._stack = stack
        self._children: dict[str, Child] = {}

    def start(self) -> None:
        folder = self._stack.data_dir / "beat"
        folder.mkdir(exist_ok=True)
        options = (
            "-Q",
            "jobs,deliveries,ledger",
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


class Hook(BaseHTTPRequestHandler):
    """A webhook's other end, which keeps what came."""

    received: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def hooks() -> Iterator[dict[str, str]]:
    """The setting that lets a server be told, which is there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {"GATEHOUSE_JOBS_WEBHOOK_HOSTS": f"127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def jobs(hooks: dict[str, str]) -> Iterator[World]:
    """A stack of its own: its parts get killed."""
    with Stack(temporary_folder(), durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(env=hooks), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world


@pytest.fixture(scope="module")
def worker(jobs: World, hooks: dict[str, str]) -> Iterator[Worker]:
    running = Worker(jobs.stack, jobs.url, **hooks)
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
    body = found["response"]["body"]
    assert whole.choices[0].message.content == body["choices"][0]["message"]["content"]


TEXT = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
ENTRANCES = {
    "messages": ({}, lambda body: body["type"] == "message"),
    "v1/messages": ({}, lambda body: body["type"] == "message"),
    "v1/responses": ({"messages": None, "max_tokens": None, "input": "Hello"}, lambda body: body["object"] == "response"),
    "embeddings": (
        {"messages": None, "max_tokens": None, "model": "titan-embed-text-v2", "input": "Hello"},
        lambda body: body["data"],
    ),
    f"bedrock/model/{MODEL}/converse": (
        {"model": None, "max_tokens": None, **TEXT}, lambda body: body["output"]["message"]["role"] == "assistant"
    ),
    "prompts/later/run": ({"model": None, "messages": None, "max_tokens": None, "variables": {"name": "Ann"}}, lambda body: body["output"]),
}  # fmt: skip


@pytest.mark.parametrize("path", ENTRANCES)
def test_every_entrance(jobs, worker, path):
    if path.startswith("prompts/") and not jobs.execute("SELECT 1 FROM prompts_prompt WHERE name = 'later'"):
        jobs.new_prompt(
            "later", {"messages": [{"text": "Hello {{ name }}"}], "variables": [{"name": "name"}]}
        )
        jobs.knows(jobs.new_key())
    members, is_right = ENTRANCES[path]
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50} | members
    body = {name: value for name, value in body.items() if value is not None}
    made = jobs.post(f"/v1/async/{path}", json=body)
    assert made.status_code == 202, made.text
    found = ended(jobs, made.json()["id"])
    assert found["status"] == "completed", found
    assert is_right(found["response"]["body"])


def test_bad_input_is_refused_at_once_in_the_entrance_s_own_words(jobs):
    for path, members, status, word in (
        ("chat/completions", {"stream": True}, 400, "stream"),
        ("chat/completions", {"messages": 7}, 400, "messages"),
        ("chat/completions", {"model": "nothing-like-it"}, 404, "nothing-like-it"),
        ("messages", {"stream": True}, 400, "stream"),
        (f"bedrock/model/{MODEL}/converse-stream", {}, 400, "converse"),
        ("moderations", {"input": "x"}, 404, "chat/completions"),
        ("job_123/run", {}, 404, "chat/completions"),
    ):
        found = send(jobs, path, **members)
        assert found.status_code == status, (path, found.text)
        assert word in found.text
    assert send(jobs, "messages", stream=True).json()["type"] == "error"
    streamed = send(jobs, f"bedrock/model/{MODEL}/converse-stream")
    assert (streamed.headers["x-amzn-errortype"], "message" in streamed.json()) == (
        "ValidationException",
        True,
    )
    for header, value in (
        ("X-Gatehouse-Deadline", "0"), ("X-Gatehouse-Deadline", "86401"), ("X-Gatehouse-Deadline", "soon"),
        ("X-Gatehouse-Priority", "urgent"), ("X-Gatehouse-Webhook", "https://evil.example.com/"),
        ("X-Gatehouse-Webhook", "http://169.254.169.254/latest"),
    ):  # fmt: skip
        found = send(jobs, headers={header: value})
        assert (found.status_code, found.json()["error"]["param"]) == (400, header), found.text
    assert send(jobs, key="gh_wrong").status_code == 401
    assert jobs.execute("SELECT count(*) AS n FROM gateway_job WHERE state = 'queued'")[0]["n"] == 0


def test_the_same_job_sent_twice_is_one_and_is_charged_once(jobs, worker):
    headers = {"Idempotency-Key": "one", "X-Gatehouse-Feature": "twice"}
    first, second = send(jobs, headers=headers), send(jobs, headers=headers)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    other = send(jobs, headers=headers, max_tokens=49)
    assert (other.status_code, other.json()["error"]["param"]) == (400, "Idempotency-Key")
    elsewhere = send(
        jobs, headers=headers | {"X-Gatehouse-Prefer": "compliance=bedrock"}
    )  # it is one without
    assert (elsewhere.status_code, elsewhere.json()["error"]["param"]) == (400, "Idempotency-Key")
    for none in ("", "tab\there"):  # a key that is none protects from nothing
        refused = send(jobs, headers={"Idempotency-Key": none})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Idempotency-Key")
    found = ended(jobs, first.json()["id"])
    assert found["attempts"] == 1
    job_id = first.json()["id"].removeprefix("job_")
    # Its message again: the row says that there is nothing to do.
    again = jobs.stack.make(lambda: run(UUID(hex=job_id), now=utc_now()))
    assert again is False
    assert len(charges(jobs, "twice")) == 1


def test_its_webhook_is_told_signed_and_without_what_was_said(jobs, worker, hooks):
    url = f"http://{hooks['GATEHOUSE_JOBS_WEBHOOK_HOSTS']}/told?by=1"
    job = send(jobs, headers={"X-Gatehouse-Webhook": url}).json()
    assert job["webhook"] == {"host": "127.0.0.1", "status": "waiting", "attempts": 0}
    found = ended(jobs, job["id"])
    until(lambda: Hook.received, seconds=60, what="the webhook")
    [(headers, body)] = Hook.received
    answer = HTTP.get(f"{jobs.url}/v1/async/webhook-secret", headers={"authorization": f"Bearer {jobs.key}"})
    secret = answer.json()["secret"]
    timestamp = int(headers["x-gatehouse-signature"].partition(",")[0].removeprefix("t="))
    assert headers["x-gatehouse-signature"] == signature(secret, timestamp=timestamp, body=body)
    told = json.loads(body)
    assert (told["type"], told["data"]["id"]) == ("job.completed", job["id"])
    assert found["response"]["body"]["choices"][0]["message"]["content"] not in body.decode()
    until(lambda: look(jobs, job["id"])["webhook"]["status"] == "delivered", what="its delivery noted")


def test_to_others_it_does_not_exist(jobs, worker):
    other = jobs.new_key(team="Others")
    jobs.set_budget(team="Others", limit_nanos=10**15)
    jobs.knows(other)
    job = send(jobs).json()["id"]
    for method, path in (
        ("GET", job),
        ("GET", f"{job}/response"),
        ("DELETE", job),
        ("POST", f"{job}/cancel"),
    ):
        found = HTTP.request(
            method, f"{jobs.url}/v1/async/{path}", headers={"authorization": f"Bearer {other}"}
        )
        assert found.status_code == 404
    run_it = HTTP.post(
        f"{jobs.url}/internal/jobs/{job}/run", headers={"authorization": f"Bearer {jobs.key}"}, json={}
    )
    assert run_it.status_code == 404  # Gatehouse's own key alone
    ended(jobs, job)


def test_what_is_kept_is_sealed_and_what_was_asked_goes_when_it_ends(jobs, worker):
    key = held_back(jobs, "Sealed")
    job = send(jobs, key=key, messages=[{"role": "user", "content": SECRET}]).json()["id"]
    [row] = rows(jobs, job)
    assert SECRET.encode() not in bytes(row["request"])
    release(jobs, "Sealed")
    found = ended(jobs, job, key=key)
    [row] = rows(jobs, job)
    assert row["request"] is None
    text = found["response"]["body"]["choices"][0]["message"]["content"]
    assert text.encode() not in bytes(row["answer"])
    assert "4111" not in str(jobs.stack.valkey_values())


def test_waits_for_its_rate_limit_in_turn_and_leaves_no_record_of_waiting(jobs, worker):
    key = jobs.new_key(team="Limited")
    jobs.set_budget(team="Limited", limit_nanos=10**15)
    jobs.set_rate_limit(team="Limited", metric="requests", limit=1, period="minute", every=1)
    jobs.knows(jobs.new_key(team="Limited"))
    made = [send(jobs, key=key).json()["id"] for _ in range(3)]
    until(
        lambda: any(look(jobs, each, key=key)["status"] == "completed" for each in made),
        seconds=30,
        what="the first",
    )
    until(
        lambda: sum(look(jobs, each, key=key)["waits"] > 0 for each in made) == 2,
        seconds=30,
        what="two that wait",
    )
    waiting = [each for each in made if look(jobs, each, key=key)["status"] == "queued"]
    found = look(jobs, waiting[0], key=key)
    assert "requests per minute" in found["waiting_for"]
    assert (found["attempts"], found["call_id"] is None) == (0, False)
    told = jobs.execute(
        "SELECT status FROM governance_auditrecord a JOIN accounts_team t ON t.id = a.team_id WHERE t.name = 'Limited'"
    )
    assert [row["status"] for row in told] == ["succeeded"]
    cancelled = HTTP.post(
        f"{jobs.url}/v1/async/{waiting[0]}/cancel", headers={"authorization": f"Bearer {key}"}
    )
    assert cancelled.json()["status"] == "cancelled"
    answer = HTTP.get(
        f"{jobs.url}/v1/async/{waiting[0]}/response", headers={"authorization": f"Bearer {key}"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "it was cancelled" in answer.json()["error"]["message"]
    assert ended(jobs, waiting[1], key=key, seconds=120)["status"] == "completed"


def test_a_deadline_that_passes_gives_it_up_and_it_can_be_sent_again(jobs, worker):
    key = held_back(jobs, "Late")
    job = send(jobs, key=key, headers={"X-Gatehouse-Deadline": "3"}).json()["id"]
    found = ended(jobs, job, key=key)
    assert (found["status"], found["error"]["code"]) == ("failed", "deadline_exceeded")
    release(jobs, "Late")
    jobs.stack.make(lambda: send_again(Job.objects.get(pk=job.removeprefix("job_")), now=utc_now()))
    assert ended(jobs, job, key=key)["status"] == "completed"


def test_a_model_that_fails_is_tried_again_and_charged_once(jobs, worker):
    for region in REGIONS:
        jobs.fault(region, throttle_rate=1.0)
    job = tagged(jobs, "throttled")
    until(lambda: look(jobs, job)["attempts"] >= 2, seconds=60, what="a second attempt")
    jobs.heal()
    found = ended(jobs, job, seconds=120)
    assert found["status"] == "completed", found
    assert found["attempts"] > 1
    [row] = rows(jobs, found["id"])
    assert row["cost_nanos"] == jobs.record(found["call_id"])["cost_nanos"]
    assert len(charges(jobs, "throttled")) == 1


def test_an_answer_that_no_other_try_would_change_is_the_job_s(jobs, worker):
    key = jobs.new_key(team="Poor")
    jobs.set_budget(team="Poor", limit_nanos=1)
    jobs.knows(jobs.new_key(team="Poor"))
    found = ended(jobs, send(jobs, key=key).json()["id"], key=key)
    assert (found["status"], found["response"]["status_code"], found["attempts"]) == ("failed", 402, 1)
    headers = {"authorization": f"Bearer {key}"}
    answer = HTTP.get(f"{jobs.url}/v1/async/{found['id']}/response", headers=headers)
    assert (answer.status_code, answer.json()) == (402, found["response"]["body"])
    gone = HTTP.delete(f"{jobs.url}/v1/async/{found['id']}", headers=headers)
    assert gone.json()["deleted"]
    assert rows(jobs, found["id"]) == []


def test_with_a_key_revoked_meanwhile_nothing_is_asked(jobs, worker):
    key = held_back(jobs, "Revoked")
    job = send(jobs, key=key).json()["id"]
    jobs.execute("UPDATE accounts_apikey SET revoked_at = now() WHERE key_id = %s", key.split("_")[1])
    release(jobs, "Revoked")
    until(lambda: rows(jobs, job)[0]["state"] == "failed", seconds=60, what="the end of the job")
    assert rows(jobs, job)[0]["code"] == "invalid_api_key"


def test_valkey_gone_jobs_are_accepted_and_made_when_it_is_back(jobs, worker):
    valkey = jobs.stack.services.child("valkey")
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    until(lambda: not valkey.is_alive(), what="the end of Valkey")
    made = send(jobs)
    assert made.status_code == 202
    start_and_wait(valkey)
    assert ended(jobs, made.json()["id"], seconds=120)["status"] == "completed"


def test_a_worker_killed_midway(jobs, worker):
    jobs.fault("us-east-1", latency_ms=3000)
    made = [tagged(jobs, f"worker-{number}") for number in range(4)]
    until(lambda: any(look(jobs, each)["status"] == "in_progress" for each in made), what="one under way")
    worker.kill("worker")
    worker.kill("beat")
    jobs.heal()
    worker.start()
    found = [ended(jobs, each, seconds=150) for each in made]
    assert [each["status"] for each in found] == ["completed"] * 4
    assert [each["attempts"] for each in found] == [1] * 4
    assert [len(charges(jobs, f"worker-{number}")) for number in range(4)] == [1] * 4


def test_a_gateway_killed_midway_charges_no_job_twice(jobs, worker):
    jobs.fault("us-east-1", latency_ms=4000)
    made = [tagged(jobs, f"gateway-{number}") for number in range(6)]
    until(lambda: any(look(jobs, each)["status"] == "in_progress" for each in made), what="one under way")
    time.sleep(1)
    jobs.server.kill()
    jobs.heal()
    jobs.server.start()
    found = [ended(jobs, each, seconds=170) for each in made]
    for number, each in enumerate(found):
        taken = charges(jobs, f"gateway-{number}")
        assert len(taken) <= 1, each
        assert each["status"] == "completed" or (each["error"]["code"] == "lost" and taken), each
    until(lambda: not jobs.execute("SELECT 1 FROM governance_hold"), seconds=60, what="the last settlement")
    assert_sound(jobs.execute)


def rows(world: World, job: str) -> list[dict[str, Any]]:
    return world.execute("SELECT * FROM gateway_job WHERE id = %s", job.removeprefix("job_"))


def tagged(world: World, tag: str) -> str:
    """The id of a job whose calls can be told by a tag."""
    made = send(world, headers={"X-Gatehouse-Feature": tag})
    assert made.status_code == 202, made.text
    return str(made.json()["id"])


def charges(world: World, tag: str) -> list[dict[str, Any]]:
    """Every call with a tag that was charged."""
    return world.execute("SELECT * FROM governance_auditrecord WHERE feature = %s AND cost_nanos > 0", tag)


def held_back(world: World, team: str) -> str:
    """A key of a team whose jobs wait until they are released."""
    key = world.new_key(team=team)
    world.set_budget(team=team, limit_nanos=10**15)
    world.set_rate_limit(team=team, metric="requests", limit=1, period="day")
    world.knows(world.new_key(team=team))
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}
    assert world.post(key=key, json=body).status_code == 200  # which is the one
    return key


def release(world: World, team: str) -> None:
    """Lets the team's jobs go on: the limit is gone, the gateway knows, and nothing waits for it any more."""
    world.execute(
        "DELETE FROM governance_ratelimit USING accounts_team t WHERE t.id = team_id AND t.name = %s", team
    )
    world.knows(world.new_key(team=team))
    world.execute("DELETE FROM gateway_jobpause")
