"""The simulator as a process: how it starts and ends, what it says of itself, streams side by side."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.simulator import RunningSimulator, running

ROOT = Path(__file__).resolve().parents[2]
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]


@pytest.fixture(scope="module")
def started() -> Iterator[RunningSimulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: RunningSimulator) -> Iterator[RunningSimulator]:
    yield started
    started.reset()


def command(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate_bedrock", *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_is_ready_and_ends_cleanly(number: signal.Signals) -> None:
    with command(GATEHOUSE_SIMULATOR_PORT="0") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Bedrock simulator ready on http://127.0.0.1:")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with command("--port", str(port)) as process:
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err


def test_a_wrong_variable_is_one_clear_line() -> None:
    with command(GATEHOUSE_SIMULATOR_TOKENS_PER_SECOND="fast") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len(err.splitlines()) == 1
    assert "GATEHOUSE_SIMULATOR_TOKENS_PER_SECOND must be a number" in err


@pytest.mark.parametrize("path", ["/", "/_simulator", "/healthz"])
def test_it_describes_itself(simulator: RunningSimulator, path: str) -> None:
    with urlopen(simulator.url + path, timeout=10) as answer:
        assert answer.status == 200
        assert json.loads(answer.read())


def test_settings_are_merged_and_put_back(simulator: RunningSimulator) -> None:
    simulator.configure("us-east-1", latency_ms=5)
    assert simulator.configure("us-east-1", throttle_rate=0.5)["latency_ms"] == 5
    assert simulator.configure("us-east-1", latency_ms=None)["latency_ms"] == 0
    simulator.reset()
    assert simulator.configure("us-east-1")["throttle_rate"] == 0


def test_a_caller_that_leaves_ends_generation(simulator: RunningSimulator) -> None:
    simulator.configure("us-east-1", tokens_per_second=1)  # it would go on for most of a minute
    answer = simulator.client().converse_stream(modelId=MODEL, messages=HELLO)
    next(iter(answer["stream"]))
    assert simulator.received()["streams"]["open"] == 1
    answer["stream"].close()
    deadline = time.monotonic() + 20
    while simulator.received()["streams"]["open"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert simulator.received()["streams"] == {"open": 0, "completed": 0, "cut": 0, "abandoned": 1}


def test_streams_run_side_by_side(simulator: RunningSimulator) -> None:
    simulator.configure("us-east-1", time_to_first_token_ms=60_000)
    client = simulator.client()

    def read() -> None:
        answers.append(client.converse_stream(modelId=MODEL, messages=HELLO))

    answers: list[dict] = []
    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert simulator.received()["streams"]["open"] == 10
    for answer in answers:
        answer["stream"].close()
