"""What a worker does about a job: it asks the gateway to run it, and waits until it has. The row says what came of it."""

import logging
from datetime import datetime, timedelta
from time import sleep
from uuid import UUID

from accounts.models import Team
from accounts.services.internal_keys import internal_key
from gateway.jobs.models import Job
from gateway.jobs.policy import job_name
from kernel.http_client import Reply
from prompts.inner_calls import NotSentError, OutcomeUnknownError, exchange

logger = logging.getLogger(__name__)

_SECONDS = 590.0
"""Shorter than a task may take. A gateway goes on with a job whose worker has given up waiting."""
_GATEWAY_AWAY = timedelta(seconds=5)
_UNKNOWN_KEY, _KEY_SECONDS = 401, 1.5
"""A key reaches gateways within a second."""


def run(job_id: UUID, *, now: datetime) -> bool:
    """Has one attempt made at a job whose time it is. False where there is none, or no gateway took it."""
    team = Team.objects.filter(
        pk__in=Job.objects.filter(pk=job_id, state=Job.State.QUEUED).values("team")
    ).first()
    if team is None:
        return False
    key = internal_key(team)
    try:
        reply = _asked(job_id, key)
        if reply.status == _UNKNOWN_KEY:
            sleep(_KEY_SECONDS)  # a team's first job: its key was made just now
            reply = _asked(job_id, key)
    except NotSentError as error:
        logger.warning("job %s: %s", job_id, error)
        _later(job_id, now, str(error))
        return False
    except OutcomeUnknownError as error:
        logger.warning("job %s: %s", job_id, error)  # its row says, or its lease runs out
        return False
    if not 200 <= reply.status < 300:
        # One that starts, or has no Postgres, takes nothing.
        logger.warning("job %s: the gateway answered %d", job_id, reply.status)
        _later(job_id, now, f"The gateway answered {reply.status}.")
        return False
    return True


def _asked(job_id: UUID, key: str) -> Reply:
    return exchange(f"/internal/jobs/{job_name(job_id)}/run", {}, key=key, feature="job", seconds=_SECONDS)


def _later(job_id: UUID, now: datetime, reason: str) -> None:
    Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        sent_at=None, not_before=now + _GATEWAY_AWAY, reason=reason[:500]
    )
