"""Background work asked for by the name of its task, so that who asks needs to know neither it nor Celery."""

from django.db import transaction


def queue_on_commit(task: str, *args: object, robust: bool = False) -> None:
    """Queues a task when the transaction is through; nothing where it fails.

    `robust`: what has been decided stays so where the queue is away, and the failure is in the log.
    """

    def queue() -> None:  # a function, since Django names what fails
        from kernel.background import app  # Celery takes a while: only where it is needed

        app.send_task(task, args=args)

    transaction.on_commit(queue, robust=robust)
