"""Where file descriptors run out a call is answered 503, and the model is not blamed."""

import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.entrances import door
from gateway.refusals import Refusal
from tests.services import ROOT, python_environment

_OUT_OF_DESCRIPTORS = """
import asyncio, os, resource, socket
from gateway.providers.bedrock.transport import Transport
from gateway.refusals import Refusal

server = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{server.getsockname()[1]}/"

async def ask():
    transport = Transport(max_connections=4, connect_timeout_seconds=2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    try:
        async with transport.post(url, headers={}, body=b"", timeout_seconds=2):
            print("answered")
    except Refusal as refusal:
        print(refusal.code, "descriptor" in refusal.message)

asyncio.run(ask())
"""


def test_a_model_that_cannot_be_connected_to_for_want_of_descriptors() -> None:
    out = subprocess.run(
        [sys.executable, "-c", _OUT_OF_DESCRIPTORS], cwd=ROOT, env=python_environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert out.stdout.split() == ["overloaded", "True"], out.stderr


@pytest.mark.parametrize(("connections", "is_let_in"), [(1, True), (192, True), (193, False)])
def test_a_connection_too_many_is_told_so(
    monkeypatch: pytest.MonkeyPatch, connections: int, is_let_in: bool
) -> None:
    monkeypatch.setattr(door, "valid_key", lambda *given: "the key")
    monkeypatch.setattr(door, "api_key", lambda headers: "shown")
    monkeypatch.setattr(door, "utc_now", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    connection = SimpleNamespace(connections=connections, prove=lambda: None)
    gateway: Any = SimpleNamespace(snapshot=None, most_connections=192)
    scope: Any = {"client": None, "extensions": {door.CONNECTION: connection}}
    if is_let_in:
        assert door.let_in(gateway, scope, {}, "/v1/chat/completions") == "the key"
        return
    with pytest.raises(Refusal, match="file descriptors") as refused:
        door.let_in(gateway, scope, {}, "/v1/chat/completions")
    assert (refused.value.code, refused.value.status) == ("overloaded", 503)
