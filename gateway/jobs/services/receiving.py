"""Jobs off a queue that workers ask (SQS). A message is deleted when its job's attempt has ended, so that one whose worker dies
comes again; whether there is anything to do still, its row says.
"""

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.db import connection

from gateway.jobs.services.dispatch import send_due
from gateway.jobs.services.queue import Message, PolledQueue, QueueAwayError
from gateway.jobs.services.recovery import give_up_poisonous
from gateway.jobs.services.running import run
from kernel.clock import perf_counter, utc_now

logger = logging.getLogger(__name__)

_WAIT_SECONDS = 2
_receiving = Lock()
"""One receiver to a process: its threads are as many as there may be jobs at once."""


def receive_for(queue: PolledQueue, *, seconds: float) -> int:
    """Runs what comes off the queue for some seconds, and ends when what was begun has ended; how many."""
    if not _receiving.acquire(blocking=False):
        return 0
    ends_at, number = perf_counter() + seconds, 0
    under_way: set[Future[None]] = set()
    try:
        with ThreadPoolExecutor(settings.JOBS_AT_ONCE, thread_name_prefix="jobs") as threads:
            while perf_counter() < ends_at:
                under_way = {each for each in under_way if not each.done()}
                free = settings.JOBS_AT_ONCE - len(under_way)
                if free <= 0:
                    wait(under_way, timeout=_WAIT_SECONDS, return_when=FIRST_COMPLETED)
                    continue
                for message in queue.receive(at_most=free, seconds=_WAIT_SECONDS):
                    under_way.add(threads.submit(_run, message, queue))
                    number += 1
    except QueueAwayError as error:
        logger.error("the queue of jobs gives nothing (%s)", error)
    finally:
        _receiving.release()
    return number


def _run(message: Message, queue: PolledQueue) -> None:
    try:
        if message.job_id is None:
            logger.error("a message that names no job was taken off the queue of jobs")
        else:
            run(message.job_id, now=utc_now())
        queue.delete(message)
        send_due(queue, now=utc_now())
    except QueueAwayError as error:
        logger.warning("a message of a job is not deleted (%s): it comes again", error)
    except Exception:
        logger.exception("a job could not be run")  # its message comes again
    finally:
        connection.close()


def take_dead_letters(queue: PolledQueue, *, now: datetime) -> int:
    """Gives up the jobs whose messages nobody finished with; how many. What waits for them is the page of jobs."""
    number = 0
    try:
        for message in queue.dead_letters():
            if message.job_id is not None and give_up_poisonous(message.job_id, now=now):
                number += 1
            queue.delete_dead(message)
    except QueueAwayError as error:
        logger.error("the dead letters of the queue of jobs can't be read (%s)", error)
    return number
