"""Asks for a base to be read from its folder or S3 address. The gateway, which knows AWS, has the task."""

from django.db import transaction

from prompts.knowledge.models import KnowledgeBase

TASK = "gateway.tasks.sync_knowledge"


def ask_for_sync(base: KnowledgeBase) -> None:
    """Once the transaction is through, a worker reads what is new or changed."""
    transaction.on_commit(lambda: _queue(base.pk))


def _queue(base_id: int) -> None:
    from kernel.background import app  # Celery takes a while: only where it is needed

    app.send_task(TASK, args=(base_id,))
