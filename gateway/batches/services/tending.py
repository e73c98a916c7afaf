"""What workers do about batches: who is due goes to a gateway, who is late is stopped, and what nobody needs any more is deleted."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import Team
from accounts.services.internal_keys import internal_key
from gateway.batches.models import Batch, BatchFault, FileChunk, StoredFile
from gateway.batches.policy.names import batch_name
from gateway.batches.services.statements import RELEASE, RELEASE_STOPPED, STOP, STOP_JOBS
from gateway.jobs.models import Job
from governance.limits.models import Hold
from governance.limits.services.batch_holds import NO_PROCESS
from prompts.inner_calls import NotSentError, OutcomeUnknownError, exchange

logger = logging.getLogger(__name__)

STEP_TASK = "gateway.tasks.step_batch"
MESSAGE_SECONDS = 30.0
"""A batch that nobody took off the queue for so long is sent again, and its message is too late then."""
_AT_ONCE = 2
"""Batches that are worked on at once: reading one takes a gateway's time, and a worker's thread."""
_SECONDS = 590.0
_FEW = 250
"""Jobs of a batch below which it gets more (half of `AT_ONCE` in gateway/entrances/batches/feed.py)."""
_UNFINISHED = timedelta(hours=1)
_UNKNOWN_KEY = 401
_OPEN = (Batch.State.VALIDATING, Batch.State.IN_PROGRESS, Batch.State.FINALIZING, Batch.State.CANCELLING)
_DUE = """
    SELECT b.id FROM gateway_batch b
    WHERE b.state IN ('validating', 'in_progress', 'finalizing', 'cancelling')
        AND (b.look_at IS NULL OR b.look_at <= %(now)s) AND (b.lease_until IS NULL OR b.lease_until < %(now)s) AND (b.sent_at IS NULL OR b.sent_at < %(stale)s)
        AND (b.state = 'validating' OR (b.state = 'in_progress' AND NOT b.is_fed AND
                (SELECT count(*) FROM gateway_job j WHERE j.batch_id = b.id AND j.state IN ('queued', 'running')) < %(few)s)
            OR NOT EXISTS (SELECT FROM gateway_job j WHERE j.batch_id = b.id AND j.state IN ('queued', 'running')))
    ORDER BY b.sent_at NULLS FIRST, b.created_at LIMIT %(room)s"""


def tend(send: Callable[[UUID], None], *, now: datetime) -> int:
    """Sees to all batches; how many were sent to a worker. `send` puts one on the queue, and raises where that is away."""
    expire(now=now)
    stop_stragglers(now=now)
    release_left(now=now)
    drop_over(now=now)
    sent = 0
    for batch_id in _taken(now=now):
        send(batch_id)
        sent += 1
    return sent


def _taken(*, now: datetime) -> list[UUID]:
    """Batches that are due, noted as sent: as many as there are places."""
    stale = now - timedelta(seconds=MESSAGE_SECONDS)
    busy = Batch.objects.filter(Q(lease_until__gt=now) | Q(sent_at__gt=stale), state__in=_OPEN).count()
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "stale": stale, "few": _FEW, "room": max(0, _AT_ONCE - busy)})
        ids = [row[0] for row in cursor.fetchall()]
    fresh = Q(sent_at__isnull=True) | Q(sent_at__lte=stale)
    return [each for each in ids if Batch.objects.filter(fresh, pk=each).update(sent_at=now)]


def step(batch_id: UUID) -> bool:
    """Has a gateway work on a batch, for as long as that leads on. False where none did, or it is not known."""
    before: tuple[str, bool] | None = None
    while True:
        row = (
            Batch.objects.filter(pk=batch_id, state__in=_OPEN).values_list("team", "state", "is_fed").first()
        )
        if row is None or row[1:] == before:
            return row is None or before is not None
        before = row[1:]
        if not _stepped(batch_id, Team.objects.get(pk=row[0])):
            return False


def _stepped(batch_id: UUID, team: Team) -> bool:
    path = f"/internal/batches/{batch_name(batch_id)}/step"
    try:
        reply = exchange(path, {}, key=internal_key(team), feature="batch", seconds=_SECONDS)
    except (NotSentError, OutcomeUnknownError) as error:
        logger.warning("batch %s: %s", batch_id, error)
        return False
    if not 200 <= reply.status < 300:  # a team's first: its key was made just now, and gateways learn of it
        level = logging.INFO if reply.status == _UNKNOWN_KEY else logging.WARNING
        logger.log(level, "batch %s: the gateway answered %d", batch_id, reply.status)
        Batch.objects.filter(pk=batch_id, lease_until__isnull=True).update(sent_at=None)
        return False
    return True


def expire(*, now: datetime) -> int:
    """Stops batches whose window is over: what was not made of them is told as expired."""
    late = Batch.objects.filter(
        state__in=(Batch.State.VALIDATING, Batch.State.IN_PROGRESS), deadline_at__lte=now
    )
    ids = list(late.values_list("pk", flat=True)[:100])
    return sum(
        stop(batch_id, state=Batch.State.FINALIZING, ending=Batch.State.EXPIRED, now=now) for batch_id in ids
    )


def stop(batch_id: UUID, *, state: str, ending: str, now: datetime) -> bool:
    """Makes no more calls of a batch, and lets go of what it holds; whether it was under way."""
    values: dict[str, Any] = {"id": batch_id, "state": state, "ending": ending, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STOP, values)
        was_open = cursor.fetchone() is not None
        cursor.execute(STOP_JOBS, values)
        cursor.execute(RELEASE_STOPPED, values)
    return was_open


def stop_stragglers(*, now: datetime) -> int:
    """Ends jobs that were under way when their batch was stopped, and were put back since: they are not made any more."""
    stopped = (Batch.State.CANCELLING, Batch.State.FINALIZING)
    left = Job.objects.filter(batch__state__in=stopped, state=Job.State.QUEUED, batch__mode=Batch.Mode.QUEUE)
    return left.update(state=Job.State.CANCELLED, ended_at=now, request=None, sent_at=None)


def release_left(*, now: datetime) -> int:
    """Lets go of holds whose batch makes no calls any more: whoever was to do it has died."""
    makes = Q(state__in=(Batch.State.VALIDATING, Batch.State.IN_PROGRESS))
    kept = Batch.objects.filter(makes | Q(mode=Batch.Mode.BATCH_INFERENCE, state__in=_OPEN))
    left = Hold.objects.filter(instance_id=NO_PROCESS).exclude(call_id__in=kept.values("pk"))
    ids = list(left.values_list("call_id", flat=True)[:100])
    for batch_id in ids:
        logger.warning("batch %s has ended and held money still: it is let go of", batch_id)
        with connection.cursor() as cursor:
            cursor.execute(RELEASE, {"id": batch_id})
    return len(ids)


def drop_over(*, now: datetime) -> int:
    """Deletes batches and files whose time is over, and files that never became whole; how many."""
    batches = list(Batch.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:100])
    BatchFault.objects.filter(batch_id__in=batches)._raw_delete("default")
    Job.objects.filter(batch_id__in=batches)._raw_delete("default")
    Batch.objects.filter(pk__in=batches)._raw_delete("default")
    in_use = Batch.objects.filter(state__in=_OPEN).values("input_file_id")
    over = Q(expires_at__lte=now) | Q(is_whole=False, created_at__lte=now - _UNFINISHED)
    files = list(
        StoredFile.objects.filter(over)
        .exclude(pk__in=in_use)
        .order_by("expires_at")
        .values_list("pk", flat=True)[:20]
    )
    for file_id in files:  # each may have many pieces
        with transaction.atomic():
            FileChunk.objects.filter(file_id=file_id)._raw_delete("default")
            StoredFile.objects.filter(pk=file_id)._raw_delete("default")
    return len(batches) + len(files)
