"""Jobs that are late, lost, poisonous or over: by what the ledger and the record say, each ends once."""

from datetime import timedelta

import pytest

from gateway.jobs.models import Job, JobPause
from gateway.jobs.services.actions import NotDeadError, drop, send_again
from gateway.jobs.services.recovery import give_up_poisonous, tend
from governance.limits.models import Hold
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.factories import make_team
from tests.gateway.jobs.factories import make_job
from tests.governance.records.factories import make_call

pytestmark = [pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def make_lost(**fields) -> Job:
    return make_job(
        make_team(), state="running", lease_until=utc_now() - MINUTE, call_id=new_id(), attempts=1, **fields
    )


def tended(job: Job) -> Job:
    tend(now=utc_now())
    return Job.objects.get(pk=job.pk)


def test_a_deadline_passed_is_given_up_with_why_it_waited():
    job = make_job(
        make_team(),
        deadline_at=utc_now() - MINUTE,
        reason="The limit is full.",
        webhook="https://h.example.com",
    )
    found = tended(job)
    assert (found.state, found.code, found.webhook_state) == ("dead", "deadline_exceeded", "pending")
    assert found.reason.endswith("The limit is full.")
    assert found.request is not None  # so that it can be sent again


def test_lost_before_anything_was_asked_is_run_again_until_it_looks_like_the_cause():
    job = make_lost()
    for losses in (1, 2):
        found = tended(job)
        assert (found.state, found.losses) == ("queued", losses)
        Job.objects.filter(pk=job.pk).update(
            state="running", lease_until=utc_now() - MINUTE, call_id=new_id()
        )
    assert (tended(job).state, tended(job).code) == ("dead", "lost")


def test_lost_with_an_open_hold_waits_for_the_ledger():
    job = make_lost()
    Hold.objects.create(
        call_id=job.call_id,
        instance_id=new_id(),
        amount_nanos=5,
        started_at=utc_now(),
        expires_at=utc_now(),
        record={},
    )
    assert tended(job).state == "running"


@pytest.mark.parametrize("status", ["expired", "failed", "cancelled", "succeeded"])
def test_lost_and_charged_without_an_answer_is_not_asked_again(status):
    job = make_lost()
    make_call(job.team, call_id=job.call_id, status=status, cost_nanos=7)
    found = tended(job)
    assert (found.state, found.code, found.cost_nanos) == ("dead", "lost", 7)


def test_lost_with_its_answer_kept_is_delivered():
    job = make_lost(answer=b"sealed", answer_generation=1, status_code=200)
    make_call(job.team, call_id=job.call_id, cost_nanos=7)
    found = tended(job)
    assert (found.state, found.cost_nanos, found.request) == ("succeeded", 7, None)
    assert tend(now=utc_now()) == 0  # once


def test_lost_and_refused_without_charge_is_run_again():
    job = make_lost()
    make_call(job.team, call_id=job.call_id, status="failed", cost_nanos=0)
    assert tended(job).state == "queued"


def test_whoever_has_renewed_its_lease_lives():
    job = make_job(make_team(), state="running", lease_until=utc_now() + MINUTE, call_id=new_id())
    assert tended(job).state == "running"


def test_what_is_over_is_deleted_but_not_before_its_webhook_is_told():
    team, past = make_team(), utc_now() - MINUTE
    gone = make_job(team, state="succeeded", expires_at=past)
    kept = make_job(
        team,
        state="succeeded",
        expires_at=past,
        webhook="https://h",
        webhook_state="pending",
        webhook_at=past,
    )
    JobPause.objects.create(counter="1:", until=past - MINUTE)
    tend(now=utc_now())
    assert list(Job.objects.all()) == [kept]
    assert gone not in Job.objects.all()
    assert not JobPause.objects.exists()


def test_a_dead_letter_of_the_queue_gives_up_what_waits_and_nothing_else():
    team, now = make_team(), utc_now()
    poison, ended = make_job(team, sent_at=now), make_job(team, state="succeeded")
    assert give_up_poisonous(poison.pk, now=now)
    assert not give_up_poisonous(ended.pk, now=now)
    poison.refresh_from_db()
    assert (poison.state, poison.code) == ("dead", "dead_letter")


def test_sent_again_it_has_its_time_anew_and_what_it_cost_stays():
    now = utc_now()
    job = make_job(
        make_team(), state="dead", created_at=now - 90 * MINUTE, deadline_at=now - 30 * MINUTE, cost_nanos=7, attempts=10,
        ended_at=now, expires_at=now + MINUTE,
    )  # fmt: skip
    send_again(job, now=now)
    job.refresh_from_db()
    assert (job.state, job.deadline_at, job.cost_nanos, job.attempts) == ("queued", now + 60 * MINUTE, 7, 0)
    with pytest.raises(NotDeadError):
        send_again(job, now=now)
    with pytest.raises(NotDeadError):
        drop(job, now=now)


def test_dropped_it_has_failed_and_what_was_asked_is_gone():
    job = make_job(make_team(), state="dead", code="lost", reason="It died.")
    drop(job, now=utc_now())
    job.refresh_from_db()
    assert (job.state, job.request, job.code) == ("failed", None, "lost")
