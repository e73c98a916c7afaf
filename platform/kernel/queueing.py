"""Background work asked for by the name of its task, so that who asks needs to know neither it nor Celery."""

from functools import partial

from django.db import transaction


def queue_on_commit(task: str, *args: object, robust: bool = False) -> None:
    """Queues a task when the transaction is through; nothing where it fails.

    `robust`: what has been decided stays so where the queue is away, and the failure is in the log.
    """
    transaction.on_commit(partial(_queue, task, args), robust=robust)


def _queue(task: str, args: tuple[object, ...]) -> None:
    from kernel.background import app  # Celery takes a while: only where it is needed

    app.send_task(task, args=args)
