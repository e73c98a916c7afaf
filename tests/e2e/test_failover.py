"""A standby takes its primary's place under load: writes find it without a restart, and nothing that was answered is lost."""

import asyncio
import shutil
from collections import Counter
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.services import Stack, temporary_folder, until
from tests.standby import both, standby

CALLERS = 6


@pytest.fixture(scope="module")
def pair():
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        with standby(stack, folder / "standby") as other:
            url = both(stack.postgres, other.url)
            env = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": url}
            world = World(stack, stack.gateway(env=env), "")
            world.standby = other
            world.key = world.new_key()
            world.set_budget(team="Tests", limit_nanos=10**13)
            until(lambda: world.chat().status_code == 200, what="the first answer")
            yield world
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_promoted_standby_is_found_and_nothing_answered_is_lost(pair):
    world, answered, told = pair, [], Counter()
    stop = asyncio.Event()

    async def caller(client: httpx.AsyncClient) -> None:
        while not stop.is_set():
            body = {"model": MODEL, "max_tokens": 20, "messages": [{"role": "user", "content": "[simulate: tokens=8] Hi"}]}  # fmt: skip
            answer = await client.post("/v1/chat/completions", json=body)
            told[answer.status_code] += 1
            if answer.status_code == 200:
                answered.append(answer.headers["x-gatehouse-call-id"])
            else:
                await asyncio.sleep(0.1)

    headers = {"authorization": f"Bearer {world.key}"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as client:
        callers = [asyncio.create_task(caller(client)) for _ in range(CALLERS)]
        await asyncio.sleep(2)
        world.stack.services.child("postgres").kill()
        await asyncio.to_thread(world.standby.promote)
        before = len(answered)
        async with asyncio.timeout(60):
            while len(answered) < before + 50:  # noqa: ASYNC110 - seen from without
                await asyncio.sleep(0.1)
        stop.set()
        await asyncio.gather(*callers)
    assert set(told) <= {200, 503}
    with psycopg.connect(world.standby.url, autocommit=True) as connection:

        def execute(statement: str, *values):
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        until(lambda: not execute("SELECT 1 FROM governance_hold"), seconds=60, what="the last settlement")
        rows = execute(
            "SELECT call_id FROM governance_auditrecord WHERE status = 'succeeded' AND cost_nanos > 0"
        )
        assert {UUID(each) for each in answered} <= {row["call_id"] for row in rows}
        assert_sound(execute)
    assert told[200] > 50
