"""Batches worked on by a gateway of the test's own: held before, fed some at a time, settled line by line, and mended wherever
somebody dies.
"""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from gateway.batches.models import Batch, FileChunk, StoredFile
from gateway.batches.services import tending
from gateway.call.job import JobRequest
from gateway.catalogue.models import Model, Price
from gateway.entrances.batches import feed
from gateway.entrances.batches.files import kept_until, pieces_of, writer_for
from gateway.entrances.batches.work import run_step
from gateway.entrances.jobs.run import run_job
from gateway.jobs.models import Job
from gateway.jobs.services.recovery import drop_expired
from gateway.records.job_seals import sealed
from gateway.runtime import Gateway
from governance.limits.models import Budget, BudgetWindow, Hold
from governance.limits.services.batch_holds import NO_PROCESS
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.gateway.batches.factories import make_batch, make_file
from tests.gateway.factories import call_of, gateway_settings, made, simulator
from tests.gateway.jobs.factories import make_job
from tests.gateway.jobs.test_attempts import in_thread, run
from tests.governance.limits.factories import make_budget
from tests.governance.limits.invariants import assert_sound
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = [pytest.mark.django_db(transaction=True)]
BODY = {"model": "nova-lite", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100}


@pytest.fixture
def world(gateway_settings: Any, simulator: Any) -> World:
    simulator.reset()
    made = make_world()
    Model.objects.update(context_window=200_000)
    Price.objects.update(output_rate=240_000_000)
    Budget.objects.all().delete()
    return made


def content_of(number: int) -> bytes:
    lines = [
        {"custom_id": f"line-{each}", "method": "POST", "url": "/v1/chat/completions", "body": BODY} for each in range(number)
    ]  # fmt: skip
    return b"\n".join(json.dumps(line).encode() for line in lines)


async def batched(gateway: Gateway, world: World, content: bytes) -> UUID:
    """A batch of a file, as the entrance takes it in."""
    team, key = world.mine.team, world.mine.api_key
    mine = {"team_id": team.pk, "application_id": key.application_id}
    writer = await writer_for(gateway, **mine)
    until = kept_until(writer.created_at, None)
    await writer.begin(name="calls.jsonl", purpose="batch", expires_at=until)
    await writer.write(content)
    await writer.flush()
    await gateway.files.finish(writer.id, name="calls.jsonl", purpose="batch", expires_at=until)
    batch_id = new_id()
    request = JobRequest(
        path="/v1/chat/completions", raw_path=b"/v1/chat/completions", headers=[], client_ip=None, body=b""
    )
    kept = await sealed(request, job_id=batch_id, team_id=team.pk, keyring=gateway.keyring)
    assert kept is not None
    await in_thread(
        lambda: make_batch(
            team, key=key, id=batch_id, input_file_id=writer.id, request=kept[0], generation=kept[1], model=""
        )
    )
    return batch_id


async def step(gateway: Gateway, world: World, batch_id: UUID) -> str:
    return await run_step(batch_id, team_id=world.mine.team.pk, gateway=gateway)


async def make_jobs(gateway: Gateway, world: World) -> None:
    """Every job that waits, once."""
    ids = await in_thread(lambda: list(Job.objects.filter(state="queued").values_list("pk", flat=True)))
    await asyncio.gather(*(run_job(each, team_id=world.mine.team.pk, gateway=gateway) for each in ids))


async def file_of(gateway: Gateway, world: World, file_id: UUID) -> list[dict[str, Any]]:
    file = await gateway.files.of_batch(file_id, team_id=world.mine.team.pk)
    assert file is not None
    content = b"".join([piece async for piece in pieces_of(file, gateway)])
    return [json.loads(line) for line in content.splitlines()]


def held() -> int:
    return sum(Hold.objects.filter(instance_id=NO_PROCESS).values_list("amount_nanos", flat=True))


def is_sound() -> None:
    """But for the records that a world has, which nobody was charged for."""
    before = set(
        AuditRecord.objects.filter(started_at__lt=Batch.objects.get().created_at).values_list("pk", flat=True)
    )

    def execute(query: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return [row for row in cursor.fetchall() if row[0] not in before]

    assert_sound(execute)


def test_fed_some_at_a_time_and_told_in_order(world, monkeypatch):
    monkeypatch.setattr(feed, "AT_ONCE", 3)
    make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(7))
        assert await step(gateway, world, batch_id) == "in_progress"
        first = await in_thread(held)
        assert first == (await in_thread(lambda: Batch.objects.get())).held_nanos > 0
        for waiting in (3, 3, 1):
            assert await step(gateway, world, batch_id) == "in_progress"
            assert await in_thread(lambda: Job.objects.filter(state="queued").count()) == waiting
            assert await step(gateway, world, batch_id) == "in_progress"  # once more makes no more of them
            assert await in_thread(lambda: Job.objects.filter(state="queued").count()) == waiting
            await make_jobs(gateway, world)
        assert await in_thread(held) == 0  # its calls have taken all of it
        assert await step(gateway, world, batch_id) == "finalizing"
        assert await step(gateway, world, batch_id) == "completed"
        assert await step(gateway, world, batch_id) == "not ours"
        batch = await in_thread(lambda: Batch.objects.get())
        told = await file_of(gateway, world, batch.output_file_id)
        assert [line["custom_id"] for line in told] == [f"line-{each}" for each in range(7)]
        assert batch.error_file_id is None

    run(scenario)
    batch = Batch.objects.get()
    assert (batch.total, batch.completed, batch.failed, Job.objects.count()) == (7, 7, 0, 0)
    [window] = BudgetWindow.objects.all()
    assert (window.spent_nanos, window.reserved_nanos) == (batch.cost_nanos, 0)
    assert 0 < batch.cost_nanos <= batch.held_nanos
    is_sound()


def test_what_it_holds_nobody_else_takes_and_each_line_has_its_part(world):
    budget = make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(4))
        assert await step(gateway, world, batch_id) == "in_progress"
        most = await in_thread(held)
        await in_thread(
            lambda: Budget.objects.filter(pk=budget.pk).update(limit_nanos=most)
        )  # and nothing beside it
        refused = await made(gateway, call_of(world.mine.key_text, "Hello"))
        assert refused.refusal is not None
        assert refused.refusal.code == "budget_exceeded"
        await step(gateway, world, batch_id)
        await make_jobs(gateway, world)
        states = await in_thread(lambda: set(Job.objects.values_list("state", flat=True)))
        assert states == {"succeeded"}

    run(scenario)
    is_sound()


def test_with_others_at_the_same_budget_nothing_is_overspent_and_no_line_is_short(world):
    budget = make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(30))
        assert await step(gateway, world, batch_id) == "in_progress"
        most = await in_thread(held)
        await in_thread(lambda: Budget.objects.filter(pk=budget.pk).update(limit_nanos=most + most // 30))
        await step(gateway, world, batch_id)
        others = [made(gateway, call_of(world.mine.key_text, f"Hello {each}")) for each in range(30)]
        await asyncio.gather(make_jobs(gateway, world), *others)
        states = await in_thread(lambda: list(Job.objects.values_list("state", flat=True)))
        assert states == ["succeeded"] * 30

    run(scenario)
    [window] = BudgetWindow.objects.all()
    assert window.spent_nanos + window.reserved_nanos <= Budget.objects.get().limit_nanos
    is_sound()


def test_an_attempt_that_fails_gives_back_what_it_took(world, simulator):
    budget = make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(1))
        await step(gateway, world, batch_id)
        most = await in_thread(held)
        await in_thread(lambda: Budget.objects.filter(pk=budget.pk).update(limit_nanos=most))
        await step(gateway, world, batch_id)
        simulator.configure("us-east-1", throttle_rate=1.0)
        await make_jobs(gateway, world)
        assert await in_thread(held) == most
        simulator.reset()
        await in_thread(lambda: Job.objects.update(not_before=utc_now()))
        assert (await in_thread(lambda: Job.objects.get())).state == "queued"

    run(scenario)
    assert Hold.objects.count() == 1
    is_sound()


def test_two_who_work_on_it_at_once_and_one_who_died_amid_it(world):
    make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(5))
        found = await asyncio.gather(*(step(gateway, world, batch_id) for _ in range(3)))
        assert sorted(found) == ["in_progress", "not ours", "not ours"]
        once = await in_thread(held)
        # As it was where somebody died after the hold and before the beginning.
        await in_thread(
            lambda: Batch.objects.update(state="validating", lease_until=utc_now(), runner=new_id())
        )
        assert await step(gateway, world, batch_id) == "in_progress"
        assert await in_thread(held) == once
        await step(gateway, world, batch_id)
        await make_jobs(gateway, world)
        # And where the files were begun, and nobody ended it.
        assert await step(gateway, world, batch_id) == "finalizing"
        await in_thread(lambda: Batch.objects.update(lease_until=utc_now(), runner=new_id()))
        assert await step(gateway, world, batch_id) == "completed"

    run(scenario)
    is_sound()
    assert held() == 0


def test_stopped_while_it_is_looked_through_it_holds_nothing(world):
    make_budget(world.mine.team)

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(3))
        assert await gateway.batches.stop(batch_id, state="cancelling", ending="cancelled")
        assert not await gateway.batches.stop(batch_id, state="cancelling", ending="cancelled")
        assert await step(gateway, world, batch_id) == "cancelled"
        batch = await in_thread(lambda: Batch.objects.get())
        told = await file_of(gateway, world, batch.error_file_id)
        assert [line["error"]["code"] for line in told] == ["batch_cancelled"] * 3

    run(scenario)
    assert held() == 0


@pytest.mark.parametrize(("content", "code"), [(b"\n\n", "empty_file"), (content_of(4), "too_many_tasks")])
def test_what_can_t_be_a_batch_fails_by_name(world, settings, content, code):
    settings.BATCH_MAX_LINES = 3

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content)
        assert await step(gateway, world, batch_id) == "finalizing"
        assert await step(gateway, world, batch_id) == "failed"

    run(scenario)
    batch = Batch.objects.get()
    assert [problem["code"] for problem in batch.problems] == [code]
    assert (batch.output_file_id, batch.error_file_id) == (None, None)
    assert held() == 0


def test_with_the_team_s_key_erased_it_ends_and_says_so(world):
    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content_of(2))
        await in_thread(
            lambda: FileChunk.objects.update(sealed=b"what nobody can open, and nobody ever could")
        )
        assert await step(gateway, world, batch_id) == "finalizing"
        assert await step(gateway, world, batch_id) == "failed"

    run(scenario)
    assert Batch.objects.get().problems[0]["code"] == "file_not_found"


def test_the_sweep_lets_go_of_what_nobody_needs(world):
    team, key, now = world.mine.team, world.mine.api_key, utc_now()
    over = make_batch(team, key=key, state="completed", ended_at=now, expires_at=now)
    left = make_batch(team, key=key, state="cancelled", ended_at=now)
    going = make_batch(team, key=key, state="in_progress")
    for batch in (left, going):
        values = {"window_ids": [], "started_at": now, "expires_at": now - timedelta(days=1), "record": {}}
        Hold.objects.create(call_id=batch.pk, instance_id=NO_PROCESS, amount_nanos=5, **values)
    files = [
        make_file(team, key=key, expires_at=now),
        make_file(team, key=key, is_whole=False, created_at=now - timedelta(hours=2)),
    ]
    used = make_file(team, key=key, id=going.input_file_id, expires_at=now)
    for file in (*files, used):
        FileChunk.objects.create(file=file, number=0, sealed=b"x")
    with connection.cursor() as cursor:  # what is of no process does not expire as a call's does
        cursor.execute("SELECT * FROM gatehouse_expire(30, 100)")
        assert cursor.fetchall() == []
    sent: list[UUID] = []
    tending.tend(sent.append, now=utc_now())
    assert sent == [going.pk]
    tending.tend(sent.append, now=utc_now())
    assert sent == [going.pk]  # once, for a while
    assert list(Hold.objects.values_list("call_id", flat=True)) == [going.pk]
    assert set(Batch.objects.values_list("pk", flat=True)) == {left.pk, going.pk}
    assert over.pk not in Batch.objects.values_list("pk", flat=True)
    assert list(StoredFile.objects.values_list("pk", flat=True)) == [used.pk]


def test_a_line_that_was_put_back_when_its_batch_had_been_stopped_is_not_made(world):
    batch = make_batch(world.mine.team, key=world.mine.api_key, state="cancelling", ending="cancelled")
    job = make_job(world.mine.team, key=world.mine.api_key, batch=batch, line=1, attempts=1)

    async def scenario(gateway: Gateway) -> None:
        assert await run_job(job.pk, team_id=world.mine.team.pk, gateway=gateway) == "not ours"

    run(scenario)
    tending.tend(lambda _: None, now=utc_now())
    job.refresh_from_db()
    assert (job.state, job.request) == ("cancelled", None)


def test_lines_that_have_ended_stay_until_their_batch_does(world):
    now = utc_now()
    batch = make_batch(world.mine.team, key=world.mine.api_key, state="in_progress")
    make_job(world.mine.team, key=world.mine.api_key, batch=batch, line=1, state="succeeded", expires_at=now)
    make_job(world.mine.team, key=world.mine.api_key, state="succeeded", expires_at=now)
    assert drop_expired(now=utc_now()) == 1
    assert Job.objects.get().batch == batch
