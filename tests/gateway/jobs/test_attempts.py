"""One attempt at a job, in a gateway of the test's own: where it was taken over, and where its key's entry is replaced meanwhile."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from gateway.call.job import JobRequest, JobRun
from gateway.catalogue.models import Model, Price
from gateway.entrances.jobs import run as attempt_of
from gateway.entrances.jobs.run import _Attempt, run_job
from gateway.entrances.jobs.told import told
from gateway.jobs.models import Job
from gateway.jobs.services.recovery import tend
from gateway.jobs.services.store import Owner
from gateway.records.job_seals import sealed
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.authenticate import authenticate
from governance.limits.models import Hold
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.gateway.factories import call_of, gateway_settings, simulator, started
from tests.gateway.jobs.factories import make_job
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = [pytest.mark.django_db(transaction=True)]
BODY = b'{"model": "nova-lite", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}'


@pytest.fixture
def world(gateway_settings: Any) -> World:
    made = make_world()
    Model.objects.update(context_window=200_000)
    Price.objects.update(output_rate=240_000_000)
    return made


async def in_thread(work: Any) -> Any:
    """What the ORM does beside the event loop, on a connection of its own that is closed after it."""

    def done() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(done)


def run(scenario: Any) -> None:
    async def body() -> None:
        async with started() as gateway:
            await scenario(gateway)

    asyncio.run(body())


async def accepted(gateway: Gateway, world: World, body: bytes = BODY) -> UUID:
    """A job that waits, sealed as a gateway seals it."""
    job_id, team = new_id(), world.mine.team
    request = JobRequest(
        path="/v1/chat/completions", raw_path=b"/v1/chat/completions", headers=[], client_ip=None, body=body
    )
    made = await sealed(request, job_id=job_id, team_id=team.pk, keyring=gateway.keyring)
    assert made is not None
    await in_thread(
        lambda: make_job(team, key=world.mine.api_key, id=job_id, request=made[0], generation=made[1])
    )
    return job_id


def test_answered_and_charged_once_however_often_its_id_comes(world):
    async def scenario(gateway: Gateway) -> None:
        job_id = await accepted(gateway, world)
        outcomes = await asyncio.gather(
            *(run_job(job_id, team_id=world.mine.team.pk, gateway=gateway) for _ in range(5))
        )
        assert sorted(outcomes) == ["not ours"] * 4 + ["succeeded"]

    before = AuditRecord.objects.count()
    run(scenario)
    [job] = Job.objects.all()
    assert AuditRecord.objects.count() == before + 1
    assert job.cost_nanos == AuditRecord.objects.get(pk=job.call_id).cost_nanos > 0
    assert (job.request, job.status_code, job.attempts) == (None, 200, 1)


def test_an_attempt_that_has_lost_its_job_asks_no_model_and_holds_nothing(world):
    async def scenario(gateway: Gateway) -> None:
        job_id = await accepted(gateway, world)
        call_id = new_id()
        claimed = await gateway.jobs.claim(job_id, team_id=world.mine.team.pk, call_id=call_id)
        assert claimed is not None
        await in_thread(lambda: Job.objects.filter(pk=job_id).update(call_id=new_id()))  # another has it
        request = JobRequest(
            path="/v1/chat/completions",
            raw_path=b"/v1/chat/completions",
            headers=[],
            client_ip=None,
            body=BODY,
        )
        assert await _Attempt(claimed, call_id, gateway).make(request) == "not ours"
        record = await in_thread(lambda: AuditRecord.objects.get(pk=call_id))
        assert (record.attempts, record.cost_nanos, record.code) == (0, 0, "not_auditable")

    run(scenario)
    assert not Hold.objects.exists()
    assert Job.objects.get().state == "running"  # whose it is now


def test_killed_between_its_kept_answer_and_the_end_it_is_delivered_and_not_asked_again(world):
    async def scenario(gateway: Gateway) -> None:
        job_id = await accepted(gateway, world)
        assert await run_job(job_id, team_id=world.mine.team.pk, gateway=gateway) == "succeeded"

    run(scenario)
    job = Job.objects.get()
    # As it was before its end was written.
    Job.objects.update(
        state="running",
        request=b"sealed",
        lease_until=utc_now(),
        ended_at=None,
        expires_at=None,
        cost_nanos=0,
    )
    records = AuditRecord.objects.count()
    tend(now=utc_now())
    found = Job.objects.get()
    assert (found.state, found.cost_nanos, bytes(found.answer)) == (
        "succeeded",
        job.cost_nanos,
        bytes(job.answer),
    )
    assert AuditRecord.objects.count() == records


def test_a_key_whose_entry_is_made_anew_is_the_same_key_and_one_revoked_is_not(world):
    async def scenario(gateway: Gateway) -> None:
        key = gateway.snapshot.keys[world.mine.api_key.key_id]
        call = call_of(world.mine.key_text, "Hello", shown_key=replace(key), client_ip=None)
        call.request = replace(call.request, key_text=None)
        call.job = JobRun(id=new_id(), write=lambda *_: None)  # type: ignore[arg-type, return-value]
        authenticate(call, gateway)
        assert call.key is key
        del gateway.snapshot.keys[key.key_id]
        with pytest.raises(Refusal, match="revoked"):
            authenticate(call, gateway)

    run(scenario)


def test_what_can_t_be_read_any_more_ends_in_its_entrance_s_words(world):
    async def scenario(gateway: Gateway) -> None:
        job_id = await accepted(gateway, world, b'{"model": "nova-lite", "messages": 7}')
        assert await run_job(job_id, team_id=world.mine.team.pk, gateway=gateway) == "failed"

    run(scenario)
    job = Job.objects.get()
    assert (job.state, job.status_code, job.code) == ("failed", 400, "invalid_request")


class TestCancelledAmidIt:
    def test_what_was_said_is_charged_the_rest_is_free_and_it_is_told(self, world, simulator, monkeypatch):
        """The model has begun; whoever runs the job asks often enough, and stops it."""
        monkeypatch.setattr(attempt_of, "RENEW_SECONDS", 0.05)
        simulator.configure("us-east-1", tokens_per_second=20)
        whole = {
            **json.loads(BODY),
            "messages": [{"role": "user", "content": "Count. " * 200}],
            "max_tokens": 2000,
        }

        async def scenario(gateway: Gateway) -> None:
            job_id = await accepted(gateway, world, json.dumps(whole).encode())
            owner = Owner(world.mine.team.pk, world.mine.application.pk)
            running = asyncio.create_task(run_job(job_id, team_id=owner.team_id, gateway=gateway))
            for _ in range(500):
                if await in_thread(Hold.objects.exists):
                    break
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
            assert not await gateway.jobs.cancel(job_id, owner, expires_at=utc_now())
            seen = await gateway.jobs.get(job_id, owner)
            assert seen is not None
            assert told(seen)["status"] == "cancelling"
            assert await running == "cancelled"

        run(scenario)
        job = Job.objects.get()
        record = AuditRecord.objects.get(pk=job.call_id)
        assert (job.state, job.request, job.answer) == ("cancelled", None, None)
        assert record.status == "cancelled"
        assert job.cost_nanos == record.cost_nanos
        assert record.cost_nanos > 0
        assert record.output_tokens < 500
        assert not Hold.objects.exists()

    def test_one_whose_answer_is_being_settled_is_answered(self, world, monkeypatch):
        """Its charge is on the way: cancelled now, it would be charged and told to have cost nothing."""
        monkeypatch.setattr(attempt_of, "RENEW_SECONDS", 0.02)
        settling = asyncio.Event()

        async def scenario(gateway: Gateway) -> None:
            job_id = await accepted(gateway, world)
            owner = Owner(world.mine.team.pk, world.mine.application.pk)
            keep = gateway.jobs.keep

            async def slowly(*args: Any, **values: Any) -> bool:
                settling.set()
                await asyncio.sleep(0.5)
                return await keep(*args, **values)

            monkeypatch.setattr(gateway.jobs, "keep", slowly)
            running = asyncio.create_task(run_job(job_id, team_id=owner.team_id, gateway=gateway))
            await settling.wait()
            await gateway.jobs.cancel(job_id, owner, expires_at=utc_now())
            assert await running == "succeeded"

        run(scenario)
        job = Job.objects.get()
        assert job.cost_nanos == AuditRecord.objects.get(pk=job.call_id).cost_nanos > 0

    def test_before_a_model_is_asked_nothing_is_held_or_charged(self, world):
        async def scenario(gateway: Gateway) -> None:
            job_id = await accepted(gateway, world)
            call_id = new_id()
            owner = Owner(world.mine.team.pk, world.mine.application.pk)
            claimed = await gateway.jobs.claim(job_id, team_id=owner.team_id, call_id=call_id)
            assert claimed is not None
            await gateway.jobs.cancel(job_id, owner, expires_at=utc_now())
            path = "/v1/chat/completions"
            request = JobRequest(path=path, raw_path=path.encode(), headers=[], client_ip=None, body=BODY)
            assert await _Attempt(claimed, call_id, gateway).make(request) == "cancelled"
            # Nor does it wait any more, once it is to be stopped.
            other = await accepted(gateway, world)
            second = await gateway.jobs.claim(other, team_id=owner.team_id, call_id=(again := new_id()))
            assert second is not None
            await gateway.jobs.cancel(other, owner, expires_at=utc_now())
            assert await _Attempt(second, again, gateway).wait("No room.", 1.0) == "cancelled"

        run(scenario)
        assert not Hold.objects.exists()
        assert set(Job.objects.values_list("state", "cost_nanos")) == {("cancelled", 0)}

    def test_whose_process_died_it_is_not_run_again(self, world):
        now = utc_now()
        values = {
            "state": "running",
            "lease_until": now - timedelta(seconds=1),
            "call_id": new_id(),
            "webhook": "https://example.com",
        }
        job = make_job(world.mine.team, key=world.mine.api_key, cancel_at=now, **values)
        tend(now=now)
        job.refresh_from_db()
        assert (job.state, job.request, job.webhook_state) == ("cancelled", None, "pending")
