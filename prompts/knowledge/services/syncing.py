"""Asks for a base to be read from its folder or S3 address. The gateway, which knows AWS, has the task."""

from kernel.queueing import queue_on_commit
from prompts.knowledge.models import KnowledgeBase

TASK = "gateway.tasks.sync_knowledge"


def ask_for_sync(base: KnowledgeBase) -> None:
    """Once the transaction is through, a worker reads what is new or changed."""
    queue_on_commit(TASK, base.pk)
