"""Periodic work of the gateway."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from gateway.batches.policy.names import batch_id_of, batch_name
from gateway.batches.services import tending
from gateway.jobs.policy import job_id_of, job_name
from gateway.jobs.services import webhooks
from gateway.jobs.services.dispatch import send_due
from gateway.jobs.services.queue import RUN_TASK, job_queue, polled_queue
from gateway.jobs.services.receiving import receive_for, take_dead_letters
from gateway.jobs.services.recovery import tend
from gateway.jobs.services.running import run
from kernel.background import app
from kernel.clock import perf_counter, utc_now
from prompts.knowledge.models import KnowledgeBase

if TYPE_CHECKING:
    from gateway.reconciliation.imports import Tally

# boto3 and pyarrow take a while: each task imports what it needs, so that a worker starts without them.
logger = logging.getLogger(__name__)

SECONDS_AT_A_TIME = 20.0
"""Then other tasks have their turn: a worker may have one process, and holds want to expire meanwhile."""


@app.task(name="gateway.tasks.reconcile")  # type: ignore[untyped-decorator]
def reconcile() -> int:
    """Reads what is new of AWS's log and bill, where the settings say where they are; how many objects.

    Goes on in another task when there is much of it.
    """
    begun, read = perf_counter(), 0
    for name, tally in _objects():
        if tally is None:
            continue
        if tally.problem:
            logger.error("%s could not be read: %s", name, tally.problem)
            continue
        read += 1
        if perf_counter() - begun > SECONDS_AT_A_TIME:
            reconcile.delay()
            return read
    return read


@app.task(name="gateway.tasks.sync_knowledge")  # type: ignore[untyped-decorator]
def sync_knowledge(base_id: int) -> bool:
    """Reads a knowledge base's folder or S3 address; goes on in another task when there is much of it."""
    from gateway.knowledge.sync import sync

    base = KnowledgeBase.objects.exclude(source="").filter(pk=base_id).first()
    if base is None:
        return False
    if not sync(base, now=utc_now(), seconds=SECONDS_AT_A_TIME):
        sync_knowledge.delay(base_id)
    return True


@app.task(name="gateway.tasks.sync_knowledge_bases")  # type: ignore[untyped-decorator]
def sync_knowledge_bases() -> int:
    """Has every knowledge base with a folder or S3 address read; how many."""
    ids = list(KnowledgeBase.objects.exclude(source="").values_list("pk", flat=True))
    for base_id in ids:
        sync_knowledge.delay(base_id)
    return len(ids)


@app.task(name="gateway.tasks.warn_of_expiring_keys")  # type: ignore[untyped-decorator]
def warn_of_expiring_keys() -> int:
    """Tells administrators of keys of providers that expire within two weeks, or have; how many alerts."""
    from gateway.catalogue.services.expiring_keys import warn_of_expiring

    return warn_of_expiring(now=utc_now())


@app.task(name="gateway.tasks.tend_cache")  # type: ignore[untyped-decorator]
def tend_cache() -> int:
    """Lets go of answers that are over, ended or too many, and of what is kept beside them; how many answers."""
    from gateway.cache.services.tending import tend as tended

    return tended(now=utc_now())


@app.task(name="gateway.tasks.measure_qualities")  # type: ignore[untyped-decorator]
def measure_qualities() -> int:
    """Brings what is known of how good models are up to date; how many qualities."""
    from gateway.decisions.qualities import measure_qualities as measured

    return measured(now=utc_now())


@app.task(name="gateway.tasks.discover")  # type: ignore[untyped-decorator]
def discover() -> int:
    """Has every region looked at, each in a task of its own; how many."""
    from gateway.discovering import regions

    found = regions()
    for region in found:
        discover_region.delay(region)
    return len(found)


@app.task(name="gateway.tasks.discover_region")  # type: ignore[untyped-decorator]
def discover_region(region: str) -> int:
    """Notes what AWS has in a region, and tells what is new; how much was found. What could not be read is logged by name."""
    from gateway.discovering import read

    found = read(region, now=utc_now())
    for problem in found.noted.problems:
        logger.warning("discovery in %s: %s", region, problem)
    return found.noted.number


@app.task(name="gateway.tasks.tell_endings")  # type: ignore[untyped-decorator]
def tell_endings() -> int:
    """Counts whom the ends of models hit, and tells of those that are near; how many pieces of news."""
    from gateway.discovery.services.news import tell_endings

    return tell_endings(now=utc_now())


@app.task(name="gateway.tasks.send_jobs")  # type: ignore[untyped-decorator]
def send_jobs() -> int:
    """Sends the jobs whose turn it is to workers; how many."""
    return send_due(job_queue(), now=utc_now())


@app.task(name=RUN_TASK)  # type: ignore[untyped-decorator]
def run_job(name: str) -> bool:
    """Has one attempt made at a job, and then the next one sent. Its row says what came of it, whatever becomes of the task."""
    job_id = job_id_of(name)
    done = job_id is not None and run(job_id, now=utc_now())
    send_due(job_queue(), now=utc_now())
    return done


@app.task(name="gateway.tasks.tend_jobs")  # type: ignore[untyped-decorator]
def tend_jobs() -> int:
    """Sees to jobs that are late, lost or over, to dead letters, and sets off the webhooks that are due."""
    number = tend(now=utc_now())
    for job_id in webhooks.due(now=utc_now()):
        tell_job.delay(job_name(job_id))
    if (queue := polled_queue()) is not None:
        number += take_dead_letters(queue, now=utc_now())
    return number


@app.task(name="gateway.tasks.tell_job")  # type: ignore[untyped-decorator]
def tell_job(name: str) -> bool:
    """One attempt at a webhook. The next is set off by its time in the database, which outlives any queue."""
    job_id = job_id_of(name)
    return job_id is not None and webhooks.tell(job_id, now=utc_now())


@app.task(name="gateway.tasks.receive_jobs")  # type: ignore[untyped-decorator]
def receive_jobs() -> int:
    """Takes jobs off SQS and runs them, for some seconds, where the settings name a queue of it; how many."""
    queue = polled_queue()
    return 0 if queue is None else receive_for(queue, seconds=SECONDS_AT_A_TIME)


@app.task(name="gateway.tasks.tend_batches")  # type: ignore[untyped-decorator]
def tend_batches() -> int:
    """Sees to batches, and sends those that are due to be worked on; how many."""
    return tending.tend(_send_batch, now=utc_now())


def _send_batch(batch_id: UUID) -> None:
    app.send_task(
        tending.STEP_TASK, args=(batch_name(batch_id),), retry=False, expires=tending.MESSAGE_SECONDS
    )


@app.task(name=tending.STEP_TASK)  # type: ignore[untyped-decorator]
def step_batch(name: str) -> bool:
    """Has a gateway work on a batch. Its row says what came of it, whatever becomes of the task."""
    batch_id = batch_id_of(name)
    return batch_id is not None and tending.step(batch_id)


def _objects() -> "Iterator[tuple[str, Tally | None]]":
    if settings.RECONCILIATION_LOGS:
        from gateway.reconciliation.invocations import import_invocation_logs, match_again

        yield from import_invocation_logs(settings.RECONCILIATION_LOGS)
        match_again()
    if settings.RECONCILIATION_COSTS:
        from gateway.reconciliation.costs import import_aws_costs

        yield from import_aws_costs(settings.RECONCILIATION_COSTS)
