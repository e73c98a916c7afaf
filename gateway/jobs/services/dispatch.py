"""Which jobs go to workers next: of each team in turn by its weight, no more than it may have under way, and none whose rate
limit is known to be full.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from gateway.jobs.models import Job
from gateway.jobs.services.queue import MESSAGE_SECONDS, JobQueue, QueueAwayError

logger = logging.getLogger(__name__)

_MESSAGE_LIFE, _POLLED_LIFE = timedelta(seconds=MESSAGE_SECONDS), timedelta(minutes=15)
"""After which an id is sent again: its message may be lost. SQS loses none, and gives one out again by itself."""
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('gatehouse send jobs'))"
_PICK = """
    WITH busy AS (
        SELECT team_id, count(*) AS number FROM (
            SELECT team_id FROM gateway_job WHERE state = 'running'
            UNION ALL SELECT team_id FROM gateway_job WHERE state = 'queued' AND sent_at > %(stale)s
        ) taken GROUP BY team_id
    ), free AS (
        SELECT greatest(0, %(at_once)s - coalesce(sum(number), 0))::int AS number FROM busy
    ), picked AS (
        SELECT j.id FROM accounts_team t LEFT JOIN busy ON busy.team_id = t.id
        CROSS JOIN LATERAL (
            SELECT id, created_at, row_number() OVER (ORDER BY priority DESC, created_at) AS turn FROM gateway_job w
            WHERE w.team_id = t.id AND w.state = 'queued' AND w.not_before <= %(now)s AND w.deadline_at > %(now)s
                AND (w.sent_at IS NULL OR w.sent_at <= %(stale)s)
                AND NOT EXISTS (SELECT 1 FROM gateway_jobpause p WHERE p.counter = w.waits_for AND p.until > %(now)s)
            ORDER BY w.priority DESC, w.created_at
            LIMIT greatest(0, %(of_team)s - coalesce(busy.number, 0))
        ) j
        ORDER BY (coalesce(busy.number, 0) + j.turn)::float / t.weight, j.created_at
        LIMIT (SELECT number FROM free)
    )
    UPDATE gateway_job SET sent_at = %(now)s WHERE id = ANY (ARRAY(SELECT id FROM picked)) RETURNING id"""


def send_due(queue: JobQueue, *, now: datetime) -> int:
    """Sends the ids of jobs whose turn it is; how many."""
    job_ids = _picked(now)
    if not job_ids:
        return 0
    try:
        queue.send(job_ids)
    except QueueAwayError as error:
        logger.warning("%d jobs could not be sent to workers (%s): they are sent again", len(job_ids), error)
        Job.objects.filter(pk__in=job_ids, state=Job.State.QUEUED, sent_at=now).update(sent_at=None)
        return 0
    return len(job_ids)


@transaction.atomic
def _picked(now: datetime) -> list[UUID]:
    life = _POLLED_LIFE if settings.JOBS_QUEUE_URL else _MESSAGE_LIFE
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(
            _PICK,
            {
                "now": now, "stale": now - life, "at_once": settings.JOBS_AT_ONCE, "of_team": settings.TEAM_JOBS,
            },
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]
