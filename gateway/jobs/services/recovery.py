"""Jobs whose deadline has passed, whose process died, and whose time here is over."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Left

from gateway.jobs.models import Job, JobPause
from gateway.jobs.policy import Lost, after_loss
from governance.limits.models import Hold
from governance.records.models import AuditRecord

logger = logging.getLogger(__name__)

_AT_A_TIME = 500
_ANEW_AFTER = timedelta(seconds=5)


def tend(*, now: datetime) -> int:
    """Gives up what is too late, sees to what was lost, and deletes what is over; how many jobs."""
    JobPause.objects.filter(until__lt=now - timedelta(minutes=1)).delete()
    return give_up_late(now=now) + settle_lost(now=now) + drop_expired(now=now)


def give_up_late(*, now: datetime) -> int:
    """Jobs that could not begin by their deadline."""
    late = Job.objects.filter(state=Job.State.QUEUED, deadline_at__lte=now)
    reason = Left(Concat(Value("Its deadline passed before it could be answered. "), F("reason")), 500)
    return _ended(late, now=now, state=Job.State.DEAD, code="deadline_exceeded", reason=reason)


def settle_lost(*, now: datetime) -> int:
    """Running jobs whose process is not heard of any more, by what the ledger and the record say of their call."""
    rows = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now).defer("request", "answer")
    return sum(_settle(job, now=now) for job in rows[:_AT_A_TIME])


def _settle(job: Job, *, now: datetime) -> int:
    assert job.call_id is not None  # a claim sets it
    record = AuditRecord.objects.filter(pk=job.call_id).only("cost_nanos", "status", "code").first()
    cost = 0 if record is None else record.cost_nanos
    # Only what is answered whole is kept, before its charge: what was kept of this call is this call's answer.
    has_answer = Job.objects.filter(pk=job.pk, answer__isnull=False).exists()
    # The record first: a hold ends in the same transaction that its record begins in.
    is_held = record is None and Hold.objects.filter(pk=job.call_id).exists()
    found = after_loss(
        is_held=is_held,
        is_recorded=record is not None,
        has_answer=has_answer,
        cost_nanos=cost,
        losses=job.losses,
    )
    # Whoever has renewed its lease meanwhile lives.
    mine = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, call_id=job.call_id, lease_until__lt=now)
    if found is Lost.WAIT:
        return 0
    if found in (Lost.ANEW, Lost.GIVE_UP) and job.cancel_at is not None:
        return _ended(
            mine, now=now, state=Job.State.CANCELLED, code="", cost_nanos=F("cost_nanos") + cost,
            reason="It was cancelled, and whoever ran it died." if cost else "",
        )  # fmt: skip
    if found is Lost.ANEW:
        logger.warning("%s: whoever ran it is gone, and nothing was charged: it is run again", job)
        return mine.update(
            state=Job.State.QUEUED, lease_until=None, sent_at=None, not_before=now + _ANEW_AFTER,
            losses=F("losses") + 1, cost_nanos=F("cost_nanos") + cost, reason="Whoever ran it died.",
        )  # fmt: skip
    if found is Lost.DELIVER:
        return _ended(
            mine, now=now, state=Job.State.SUCCEEDED, code="", reason="", cost_nanos=F("cost_nanos") + cost
        )
    told = (
        "Whoever ran it died after the model was asked: it is charged, and its answer is lost."
        if cost
        else f"Whoever ran it died, {job.losses + 1} times."
    )
    logger.error("%s: %s", job, told)
    return _ended(
        mine, now=now, state=Job.State.DEAD, code="lost", reason=told, losses=F("losses") + 1,
        cost_nanos=F("cost_nanos") + cost,
    )  # fmt: skip


def give_up_poisonous(job_id: UUID, *, now: datetime) -> bool:
    """Gives up a job whose message came back from the queue again and again: whoever takes it does not finish with it."""
    row = Job.objects.filter(pk=job_id, state=Job.State.QUEUED, sent_at__isnull=False)
    reason = "Its message went to the queue's dead letters: whoever took it did not finish with it."
    return bool(_ended(row, now=now, state=Job.State.DEAD, code="dead_letter", reason=reason))


def _ended(rows: "QuerySet[Job]", *, now: datetime, state: str, **changes: object) -> int:
    """Ends these jobs, and has their webhooks told."""
    is_dead = state == Job.State.DEAD
    hours = settings.JOBS_DEAD_HOURS if is_dead else settings.JOBS_RESULT_HOURS
    if not is_dead:
        changes["request"] = None
    # One statement each, so that a row that was ended meanwhile is not ended twice.
    common = {
        "state": state,
        "ended_at": now,
        "expires_at": now + timedelta(hours=hours),
        "lease_until": None,
        **changes,
    }
    told = {**common, "webhook_state": Job.Webhook.PENDING, "webhook_at": now, "webhook_attempts": 0}
    return rows.exclude(webhook="").update(**told) + rows.filter(webhook="").update(**common)


def drop_expired(*, now: datetime) -> int:
    """Deletes jobs whose time is over; how many. A webhook that is still told comes first."""
    # Those of a batch go with it, when its files are written.
    over = Job.objects.filter(expires_at__lte=now, batch__isnull=True).exclude(
        webhook_state=Job.Webhook.PENDING
    )
    ids = list(over.values_list("pk", flat=True)[: 10 * _AT_A_TIME])
    Job.objects.filter(pk__in=ids, expires_at__lte=now, batch__isnull=True)._raw_delete("default")
    return len(ids)
