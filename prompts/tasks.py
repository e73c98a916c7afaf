"""Periodic work of knowledge bases."""

from celery import shared_task

from prompts.services import knowledge_indexes, knowledge_indexing

SECONDS_AT_A_TIME = 15.0
"""Then other tasks have their turn: a worker may have one process, and holds want to expire meanwhile."""


@shared_task(name="prompts.tasks.index_documents")  # type: ignore[untyped-decorator]
def index_documents() -> int:
    """Works on the documents that wait to be indexed; on how many."""
    return knowledge_indexing.index_some(seconds=SECONDS_AT_A_TIME)


@shared_task(name="prompts.tasks.tend_bases")  # type: ignore[untyped-decorator]
def tend_bases() -> int:
    """Gives search indexes to bases that have become large."""
    return knowledge_indexes.tend_bases()
