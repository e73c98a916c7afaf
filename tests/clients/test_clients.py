"""Each client's script, every check of which holds."""

import json
import subprocess

import pytest

from tests.clients.conftest import CHOSEN
from tests.clients.kinds import CLIENTS, environment
from tests.clients.matrix import keep

BY_NAME = {client.name: client for client in CLIENTS}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BY_NAME)
def test_a_client_with_its_defaults(world, tmp_path, name):
    client = BY_NAME[name]
    if reason := CHOSEN["reasons"][client.needs]:
        keep(name, [], skipped=reason)
        pytest.skip(reason)
    done = subprocess.run(
        client.command(),
        env=environment(world.url, world.key, world.stack.simulator, client),
        capture_output=True, text=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    keep(name, lines)
    assert done.returncode == 0, done.stderr[-3000:]
    failed = [line for line in lines if line.get("outcome") == "failed"]
    assert not failed, "\n".join(f"{line['check']}: {line['text']}" for line in failed)
    assert any("check" in line for line in lines), done.stderr[-3000:]
