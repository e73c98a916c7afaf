"""Periodic work of knowledge."""

from celery import shared_task

from prompts.knowledge.services import indexes, indexing

SECONDS_OF_INDEXING = 15.0
"""Then other tasks have their turn: holds want to expire meanwhile."""


@shared_task(name="prompts.tasks.index_documents")  # type: ignore[untyped-decorator]
def index_documents() -> int:
    """Works on the documents that wait to be indexed; on how many."""
    return indexing.index_some(seconds=SECONDS_OF_INDEXING)


@shared_task(name="prompts.tasks.tend_bases")  # type: ignore[untyped-decorator]
def tend_bases() -> int:
    """Gives search indexes to bases that have become large."""
    return indexes.tend_bases()
