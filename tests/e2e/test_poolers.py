"""PgBouncer in transaction mode between Gatehouse and Postgres: as documented, nothing is any different."""

import asyncio
import shutil
from collections import Counter

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from embedded.waiting import stop_all
from kernel.background_queues import QUEUES
from kernel.checks import leads_to_pooler
from tests.drill.background import background, start_all
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.pgbouncer import MISSING, PROGRAM, pgbouncer
from tests.services import Stack, temporary_folder, until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)
CALLS, CALLERS = 240, 12


@pytest.fixture(scope="module")
def pooled():
    folder = temporary_folder()
    with Stack(folder) as stack, pgbouncer(stack.postgres, folder / "pgbouncer") as pooler:
        stack.manage("load_catalog")
        url = pooler.url
        env = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": stack.postgres}
        world = World(stack, stack.gateway(workers=2, env=env), "")
        world.pooler, world.pooled, world.pooled_env = pooler, url, env
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**13)
        # Both processes know the key.
        until(lambda: all(world.chat().status_code == 200 for _ in range(20)), what="the first answers")
        yield world
    shutil.rmtree(folder, ignore_errors=True)


async def test_calls_streams_and_changes_go_through(pooled):
    world, answers = pooled, Counter()
    pending = iter(range(CALLS))

    async def caller(client: httpx.AsyncClient) -> None:
        for number in pending:
            body = {"model": MODEL, "max_tokens": 20, "stream": number % 2 == 0}
            body["messages"] = [{"role": "user", "content": f"[simulate: tokens=8] Hello {number}"}]
            answer = await client.post("/v1/chat/completions", json=body)
            whole = answer.status_code == 200 and (number % 2 or "[DONE]" in answer.text)
            answers["whole" if whole else answer.text[:80]] += 1

    headers = {"authorization": f"Bearer {world.key}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as client:
        await asyncio.gather(*(caller(client) for _ in range(CALLERS)))
    assert answers == {"whole": CALLS}
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), what="the last settlement")
    found = world.execute(
        "SELECT count(*) AS n FROM governance_auditrecord WHERE status = 'succeeded' AND cost_nanos > 0"
    )
    assert found[0]["n"] >= CALLS
    assert_sound(world.execute)
    key = world.new_key()
    world.knows(key)  # news come by the direct address


@pytest.mark.parametrize("path", ["/admin/login/", "/readyz", "/api/v1/"])
def test_pages_are_served(pooled, path):
    assert httpx.get(pooled.url + path, timeout=20).status_code in (200, 302, 403, 404)


def test_commands_work_through_it(pooled):
    stack = pooled.stack
    assert "ok" in stack.manage("verify_ledger", **pooled.pooled_env).lower()
    stack.manage("migrate", "--check", **pooled.pooled_env)


def test_what_is_of_a_session_goes_past_it(pooled):
    asked = (
        "from kernel.direct_connection import direct_connection as direct\n"
        "with direct() as it, it.cursor() as cursor:\n"
        "    cursor.execute(\"SET maintenance_work_mem = '77MB'\")\n"
        "    cursor.execute('SHOW maintenance_work_mem')\n"
        "    print(cursor.fetchone()[0], it.settings_dict['PORT'])"
    )
    port = conninfo_to_dict(pooled.stack.postgres)["port"]
    assert pooled.stack.manage("shell", "-v", "0", "-c", asked, **pooled.pooled_env).split() == ["77MB", port]


def test_worker_and_beat_go_through_it_and_on_when_it_was_restarted(pooled):
    world = pooled
    workers = background(world.stack.environment(**world.pooled_env), world.stack.data_dir)
    try:
        start_all(workers)
        until(
            lambda: pulses(world).keys() == set(QUEUES), seconds=40, what="work on all queues, as beat says"
        )
        (before,) = world.execute("SELECT max(at) AS at FROM governance_workerpulse")
        world.pooler.stop()
        world.pooler.start()
        until(lambda: all(at > before["at"] for at in pulses(world).values()), seconds=40, what="more of it")
        mark = "SELECT coalesce(max(watermark), 0) AS mark FROM governance_rollupstate"
        (was,) = world.execute(mark)
        until(lambda: world.chat().status_code == 200, what="a call")
        sent = "from kernel.background import app; app.send_task('governance.tasks.roll_up')"
        world.stack.manage("shell", "-c", sent, **world.pooled_env)
        until(lambda: world.execute(mark)[0]["mark"] > was["mark"], what="the task that was sent")
        assert all(child.is_alive() for child in workers)
    finally:
        stop_all(workers)


def pulses(world: World) -> dict:
    return {row["queue"]: row["at"] for row in world.execute("SELECT queue, at FROM governance_workerpulse")}


def test_a_pooler_is_told_from_postgres(pooled):
    assert leads_to_pooler(pooled.pooled)
    assert not leads_to_pooler(pooled.stack.postgres)
