"""PgBouncer in transaction mode between Gatehouse and Postgres: as documented, nothing is any different."""

import asyncio
import shutil
from collections import Counter

import httpx
import pytest

from kernel.checks import leads_to_pooler
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.pgbouncer import MISSING, PROGRAM, pgbouncer
from tests.services import Stack, temporary_folder, until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)
CALLS, CALLERS = 240, 12


@pytest.fixture(scope="module")
def pooled():
    folder = temporary_folder()
    with Stack(folder) as stack, pgbouncer(stack.postgres, folder / "pgbouncer") as url:
        stack.manage("load_catalog")
        env = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": stack.postgres}
        world = World(stack, stack.gateway(workers=2, env=env), "")
        world.pooled, world.pooled_env = url, env
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


def test_a_pooler_is_told_from_postgres(pooled):
    assert leads_to_pooler(pooled.pooled)
    assert not leads_to_pooler(pooled.stack.postgres)
