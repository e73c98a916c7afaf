"""What people do about jobs that were given up."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from gateway.jobs.models import Job
from kernel.errors import DomainError


class NotDeadError(DomainError):
    """Only a job that was given up can be sent again or dropped."""


def send_again(job: Job, *, now: datetime) -> None:
    """Lets a job that was given up begin anew, with as much time as it had. What it has cost stays on it. A line of a batch that makes
    no calls any more would never begin. Raises NotDeadError."""
    makes_calls = Q(batch=None) | Q(batch__state="in_progress", batch__mode="queue")
    if not Job.objects.filter(makes_calls, pk=job.pk).exists():
        raise NotDeadError(
            f"{job} is a line of a batch that makes no calls any more: send it in a batch of its own."
        )
    changed = Job.objects.filter(pk=job.pk, state=Job.State.DEAD, request__isnull=False).update(
        state=Job.State.QUEUED, deadline_at=now + (job.deadline_at - job.created_at), not_before=now, waits_for="",
        sent_at=None, ended_at=None, expires_at=None, attempts=0, losses=0, answer=None, answer_generation=None,
        status_code=None, code="", reason="", webhook_state="", cancel_at=None,
    )  # fmt: skip
    if not changed:
        raise NotDeadError(f"{job} was not given up, or somebody has seen to it already.")


def drop(job: Job, *, now: datetime) -> None:
    """Ends a job that was given up for good: what was asked is deleted, and why it failed stays. Raises NotDeadError."""
    expires_at = now + timedelta(hours=settings.JOBS_RESULT_HOURS)
    changed = Job.objects.filter(pk=job.pk, state=Job.State.DEAD).update(
        state=Job.State.FAILED, request=None, expires_at=expires_at
    )
    if not changed:
        raise NotDeadError(f"{job} was not given up, or somebody has seen to it already.")
