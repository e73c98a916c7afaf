"""Periodic work of knowledge."""

from kernel.background import app
from prompts.knowledge.services import indexes, indexing

SECONDS_OF_INDEXING = 15.0
"""Then other tasks have their turn: holds want to expire meanwhile."""


@app.task(name="prompts.tasks.index_documents")  # type: ignore[untyped-decorator]
def index_documents() -> int:
    """Works on the documents that wait to be indexed; on how many."""
    return indexing.index_some(seconds=SECONDS_OF_INDEXING)


@app.task(name="prompts.tasks.tend_bases")  # type: ignore[untyped-decorator]
def tend_bases() -> int:
    """Gives search indexes to bases that have become large."""
    return indexes.maintain_indexes()
