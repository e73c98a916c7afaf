"""Tells callers' webhooks that their jobs have ended: signed, tried again for about a day, then given up and shown on the page.

At least once: should a process die between telling and noting it, the same message, with the same id, comes again.
"""

import json
import logging
from datetime import datetime, timedelta
from random import random
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet

from gateway.jobs.models import Job
from gateway.jobs.policy import job_name, webhook_problem
from gateway.jobs.services.webhook_secret import webhook_secret
from governance.alerts.policy import pause_after, signature
from governance.alerts.services.webhooks import UndeliverableError, post_webhook

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long an attempt may take before it counts as lost with its process."""
_TYPES = {
    "succeeded": "job.completed", "failed": "job.failed", "dead": "job.failed", "cancelled": "job.cancelled",
}  # fmt: skip


def due(*, now: datetime, at_most: int = 200) -> list[UUID]:
    """Jobs whose webhook is to be told now."""
    rows = Job.objects.filter(webhook_state=Job.Webhook.PENDING, webhook_at__lte=now).order_by("webhook_at")
    return list(rows.values_list("pk", flat=True)[:at_most])


def tell(job_id: UUID, *, now: datetime) -> bool:
    """One attempt. False when somebody else has claimed it, its team has as many under way as it may have, or it failed."""
    waiting = Job.objects.filter(pk=job_id, webhook_state=Job.Webhook.PENDING, webhook_at__lte=now)
    team = waiting.values_list("team_id", flat=True).first()
    if team is None:
        return False
    telling = Job.objects.filter(
        team_id=team, webhook_state=Job.Webhook.PENDING, webhook_at__gt=now, webhook_at__lte=now + LEASE,
        webhook_error="",
    )  # fmt: skip
    if telling.count() >= settings.TEAM_DELIVERIES:
        return False
    if not waiting.update(
        webhook_attempts=F("webhook_attempts") + 1, webhook_at=now + LEASE, webhook_error=""
    ):
        return False
    job = Job.objects.defer("request", "answer").filter(pk=job_id, state__in=_TYPES).first()
    if job is None:
        return False  # somebody has sent it again just now, or deleted it: it is told when it has ended
    mine = Job.objects.filter(
        pk=job_id, webhook_state=Job.Webhook.PENDING, webhook_attempts=job.webhook_attempts
    )
    try:
        _send(job, now=now)
    except (UndeliverableError, OSError) as error:
        _note_failure(job, mine, error, now=now)
        return False
    mine.update(webhook_state=Job.Webhook.DELIVERED, webhook_error="")
    return True


def _send(job: Job, *, now: datetime) -> None:
    problem = webhook_problem(
        job.webhook, tuple(settings.JOBS_WEBHOOK_HOSTS), allows_http=settings.ALERTS_ALLOW_PRIVATE
    )
    if problem:  # the settings may have changed since it was accepted
        raise UndeliverableError(problem)
    body = json.dumps(
        {
            "id": f"{job_name(job.pk)}:{_ended(job)}",
            "type": _TYPES[job.state],
            "created_at": _ended(job),
            "data": {"id": job_name(job.pk), "status_code": job.status_code, "code": job.code or None},
            "url": f"{settings.PUBLIC_URL}/v1/async/{job_name(job.pk)}",
        }
    ).encode()
    signed = signature(webhook_secret(job.application_id), timestamp=int(now.timestamp()), body=body)
    headers = {"X-Gatehouse-Signature": signed, "X-Gatehouse-Delivery": f"{job_name(job.pk)}:{_ended(job)}"}
    post_webhook(job.webhook, body, headers)


def _ended(job: Job) -> int:
    """When it ended, in seconds: a job that was sent again ends again, and that is told anew."""
    return 0 if job.ended_at is None else int(job.ended_at.timestamp())


def _note_failure(job: Job, mine: "QuerySet[Job]", error: Exception, *, now: datetime) -> None:
    pause = pause_after(job.webhook_attempts, jitter=random())  # noqa: S311 - spreads load, guards nothing
    told = f"{type(error).__name__}: {error}"[:300]
    if pause is None:
        logger.error("%s: its webhook could not be told", job)
        mine.update(webhook_state=Job.Webhook.FAILED, webhook_error=told)
    else:
        mine.update(webhook_at=now + pause, webhook_error=told)
