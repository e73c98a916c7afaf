"""Processes that start, and end, while Postgres is away: nobody has to start them again, and none stays for ever."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.client import HTTP
from tests.drill.signals import stopped
from tests.e2e.conftest import World
from tests.services import ROOT, Stack, temporary_folder, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own_world() -> Iterator[World]:
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, None, "")  # type: ignore[arg-type]
        world.key = world.new_key()
        yield world
    shutil.rmtree(folder, ignore_errors=True)


def test_a_gateway_that_starts_without_postgres_says_so_and_comes_up_with_it(own_world):
    postgres = own_world.stack.services.child("postgres")
    postgres.kill()
    server = own_world.server = own_world.stack.gateway(waits=False)
    until(lambda: _status(f"{server.url}/healthz") == 200, seconds=60, what="an answer")
    answer = HTTP.get(f"{server.url}/readyz")
    assert answer.status_code == 503
    assert "Postgres can't be used" in answer.json()["warnings"][0]
    refused = own_world.chat()
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    postgres.start()
    until(lambda: server.is_ready, seconds=60, what="the gateway")
    assert own_world.chat().status_code == 200
    server.stop()


def test_a_gateway_waits_for_the_migrations_of_its_version(own_world):
    with own_world.stack.connect() as connection:
        connection.execute("ALTER TABLE accounts_apikey RENAME TO accounts_apikey_of_another_version")
        server = own_world.stack.gateway(waits=False)
        until(lambda: _status(f"{server.url}/readyz") == 503, seconds=60, what="an answer")
        assert "manage.py migrate" in HTTP.get(f"{server.url}/readyz").json()["warnings"][0]
        connection.execute("ALTER TABLE accounts_apikey_of_another_version RENAME TO accounts_apikey")
    until(lambda: server.is_ready, seconds=60, what="the gateway")
    server.stop()


def test_a_gateway_ends_while_postgres_hangs(own_world):
    server = own_world.stack.gateway(env={"GATEHOUSE_SETTLE_TIMEOUT_SECONDS": "2"})
    pid = own_world.stack.services.child("postgres").pid
    assert pid is not None
    with stopped(pid):
        server.signal(15)
        until(lambda: not server.is_alive, seconds=60, what="its end")


@pytest.mark.parametrize("command", [("migrate", "--no-input"), ("verify_ledger",)])
def test_a_command_says_in_a_line_that_postgres_is_away(own_world, command):
    environment = own_world.stack.environment(DATABASE_URL="postgres://nobody:none@127.0.0.1:1/none")
    found = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command], env=environment, capture_output=True, text=True
    )
    assert found.returncode == 1
    assert "Postgres can't be reached. What was under way is not done" in found.stderr
    assert "Traceback" not in found.stderr


def _status(url: str) -> int:
    try:
        return HTTP.get(url, timeout=2).status_code
    except Exception:
        return 0
