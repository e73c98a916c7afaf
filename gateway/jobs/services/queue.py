"""What carries the ids of jobs to workers: Celery's queue, or SQS where the settings name one. Nothing but ids goes over it,
and a job's row decides: what is lost is sent again, and what comes twice is run once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings

from gateway.jobs.policy import job_id_of, job_name
from kernel.errors import UnavailableError

RUN_TASK = "gateway.tasks.run_job"
MESSAGE_SECONDS = 60.0
"""An id that nobody took off Celery's queue for so long is sent again, and its message is too late then."""


class QueueAwayError(UnavailableError):
    """The queue can't be reached, or does not take or give messages. The message says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A job's id off the queue; `receipt` is what it is taken off for good with."""

    job_id: UUID | None
    receipt: str


class JobQueue(Protocol):
    """Raises QueueAwayError."""

    def send(self, job_ids: Sequence[UUID]) -> None: ...


class PolledQueue(JobQueue, Protocol):
    """A queue that workers ask: SQS. What is not deleted comes again, and after some times goes to the dead letters."""

    def receive(self, *, at_most: int, seconds: int) -> list[Message]: ...
    def delete(self, message: Message) -> None: ...
    def dead_letters(self) -> list[Message]: ...
    def delete_dead(self, message: Message) -> None: ...


class CeleryQueue:
    """Of Celery's broker: Celery's own worker takes the ids and runs the task."""

    def send(self, job_ids: Sequence[UUID]) -> None:
        from kernel.background import app  # Celery takes a while: only where it is needed

        try:
            for job_id in job_ids:
                app.send_task(RUN_TASK, args=(job_name(job_id),), retry=False, expires=MESSAGE_SECONDS)
        except Exception as error:  # whatever a broker's transport raises
            raise QueueAwayError(type(error).__name__) from error


_polled: list[Callable[[], PolledQueue]] = []


def register_polled_queue(factory: Callable[[], PolledQueue]) -> None:
    """Makes known who makes the queue that GATEHOUSE_JOBS_QUEUE_URL names."""
    _polled[:] = [factory]


def polled_queue() -> PolledQueue | None:
    """The queue that workers ask, where the settings name one."""
    return _polled[0]() if settings.JOBS_QUEUE_URL and _polled else None


def job_queue() -> JobQueue:
    """Where ids are sent."""
    return polled_queue() or CeleryQueue()


def message_of(body: str, receipt: str) -> Message:
    """A message by its text; without a job where it is none of ours."""
    return Message(job_id_of(body.strip()), receipt)
