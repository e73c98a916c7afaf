"""Postgres changes its place under load, there and back: writes find it without a restart, and nothing that was answered is
lost. A replica answers what may be old."""

import asyncio
import re
import shutil
import threading
import time
from collections import Counter
from contextlib import closing
from uuid import UUID

import httpx
import psycopg
import pytest

from kernel import replica
from kernel.replica import WROTE_COOKIE, Nearness
from tests.drill.signals import stopped
from tests.e2e.conftest import MODEL, World
from tests.governance.limits.invariants import assert_sound
from tests.in_thread import in_thread
from tests.services import PASSWORD, Stack, temporary_folder, until
from tests.standby import pair

CALLERS = 6
EMAIL = "reports@example.com"


@pytest.fixture(scope="module")
def paired():
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        stack.manage("createsuperuser", "--noinput", "--email", EMAIL, DJANGO_SUPERUSER_PASSWORD=PASSWORD * 2)
        with pair(stack, folder / "standby") as found:
            env = {
                "DATABASE_URL": found.url,
                "DATABASE_DIRECT_URL": found.url,
                "GATEHOUSE_REPLICA_DATABASE_URL": found.url,
            }
            world = World(stack, stack.gateway(env=env), "")
            world.pair = found
            world.key = world.new_key()
            world.set_budget(team="Tests", limit_nanos=10**13)
            until(lambda: world.chat().status_code == 200, what="the first answer")
            yield world
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def reader(paired):
    """A superuser's browser, which has not changed anything lately."""
    with httpx.Client(base_url=paired.url, follow_redirects=True, timeout=30) as client:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/admin/login/").text)
        values = {"username": EMAIL, "password": PASSWORD * 2, "csrfmiddlewaretoken": token[1]}
        assert client.post("/admin/login/?next=/admin/", data=values).status_code == 200
        assert WROTE_COOKIE in client.cookies
        client.cookies.delete(WROTE_COOKIE)
        yield client


def newest(client) -> str:
    return client.get("/api/v1/calls/").json()["results"][0]["call_id"]


def test_lists_are_the_replicas_and_what_was_just_done_the_primarys(paired, reader):
    before = newest(reader)
    until(lambda: newest(reader) == before, what="a list that stands still")
    with psycopg.connect(paired.pair.standby, autocommit=True) as standby:
        standby.execute("SELECT pg_wal_replay_pause()")
        try:
            call = paired.chat().headers["x-gatehouse-call-id"]
            paired.record(call)
            assert newest(reader) == before
            pages = [f"/admin/{path}" for path in ("", "governance/auditrecord/", "governance/usageday/")]
            assert [reader.get(page).status_code for page in pages] == [200, 200, 200]
            assert call not in reader.get(pages[1]).text
            assert reader.get(f"/api/v1/calls/{call}/").status_code == 200  # its own page
            reader.cookies.set(WROTE_COOKIE, "1")
            assert newest(reader) == call
        finally:
            reader.cookies.delete(WROTE_COOKIE)
            standby.execute("SELECT pg_wal_replay_resume()")
    until(lambda: newest(reader) == call, what="the call on the replica")


def test_a_replica_that_is_behind_hangs_or_is_none_is_not_read(paired, monkeypatch):
    monkeypatch.setattr(replica, "_LOOKS_EVERY", 0.0)
    monkeypatch.setattr(replica, "_AGAIN_AFTER", 0.0)
    for url in (paired.pair.primary, "postgres://nobody@127.0.0.1:1/none"):
        with closing(Nearness(url)) as found:
            assert not found.is_near()
    with closing(Nearness(paired.pair.standby)) as found:
        until(found.is_near, what="the replica")
        with stopped(paired.pair.standby_pid):
            begun = time.monotonic()
            assert [found.is_near() for _ in range(5)] == [False] * 5
            assert time.monotonic() - begun < 4
        until(found.is_near, what="the replica again")
        monkeypatch.setattr(replica, "MAX_LAG_SECONDS", 3.0)
        with psycopg.connect(paired.pair.standby, autocommit=True) as standby:
            standby.execute("SELECT pg_wal_replay_pause()")
            until(lambda: not found.is_near(), what="the distance")
            standby.execute("SELECT pg_wal_replay_resume()")
        until(found.is_near, what="the replica again")


def test_a_promoted_standby_is_found_and_the_old_primary_again(paired, reader):
    world, answered, told = paired, [], Counter()

    async def caller(client: httpx.AsyncClient, stop: threading.Event) -> None:
        while not stop.is_set():
            body = {"model": MODEL, "max_tokens": 20, "messages": [{"role": "user", "content": "[simulate: tokens=8] Hi"}]}  # fmt: skip
            answer = await client.post("/v1/chat/completions", json=body)
            told[answer.status_code] += 1
            if answer.status_code == 200:
                answered.append(answer.headers["x-gatehouse-call-id"])
            else:
                await asyncio.sleep(0.1)

    async def calls(stop: threading.Event) -> None:
        headers = {"authorization": f"Bearer {world.key}"}
        async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=60) as client:
            await asyncio.gather(*(caller(client, stop) for _ in range(CALLERS)))

    with in_thread(calls):
        for _ in range(2):
            until(lambda: len(answered) > 20, what="the first answers")
            world.pair.fail_over()
            before = len(answered)
            assert reader.get("/api/v1/calls/").status_code == 200  # of the primary: there is no replica
            until(lambda before=before: len(answered) > before + 50, seconds=60, what="answers again")
            world.pair.rejoin()
    assert set(told) <= {200, 503}
    until(lambda: not world.execute("SELECT 1 FROM governance_hold"), seconds=60, what="the last settlement")
    rows = world.execute(
        "SELECT call_id FROM governance_auditrecord WHERE status = 'succeeded' AND cost_nanos > 0"
    )
    assert {UUID(each) for each in answered} <= {row["call_id"] for row in rows}
    assert_sound(world.execute)
