"""Documents of knowledge bases that are read from a folder or S3: what is new, changed or gone there is so here too."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic

from django.conf import settings

from gateway.providers.bedrock.storage import READ_ERRORS, Source, opened, sources
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.knowledge.policy.sources import is_allowed, is_s3
from prompts.knowledge.services.extraction import DocumentError, check_size, is_known
from prompts.knowledge.services.knowledge import Incoming, delete_document, put_document

_MAX_TOLD = 5


def sync(base: KnowledgeBase, *, now: datetime, seconds: float) -> bool:
    """Takes in what is new or changed, and deletes what is gone. False where the time was over: call it again.

    What went wrong is with the base. A source that holds nothing at all deletes nothing: it may just not be there.
    """
    kind = KnowledgeDocument.Source.S3 if is_s3(base.source) else KnowledgeDocument.Source.FOLDER
    until = monotonic() + seconds
    problems: list[str] = []
    seen: set[str] = set()
    try:
        for name, found in _documents(base.source):
            seen.add(name)
            if monotonic() > until:
                return False
            problems += _take(base, kind, name, found)
    except (OSError, ValueError, *READ_ERRORS) as error:
        problems = [f"{base.source} can't be read: {error}"]
    else:
        if seen:
            for gone in base.documents.filter(source=kind).exclude(name__in=seen):
                delete_document(gone)
        elif base.documents.filter(source=kind).exists():
            problems = [
                "There is nothing in the source any more. What was read from it stays: delete it by hand."
            ]
    KnowledgeBase.objects.filter(pk=base.pk).update(synced_at=now, sync_error=_told(problems))
    return True


def _documents(address: str) -> Iterator[tuple[str, Source]]:
    """Documents below an address, of kinds that can be read, with their names from there on."""
    if not is_allowed(address, settings.KNOWLEDGE_SOURCES):
        raise ValueError("GATEHOUSE_KNOWLEDGE_SOURCES does not name it")
    below = address.rstrip("/") + "/"
    if not is_s3(address) and not Path(address).is_dir():
        raise ValueError("there is no such folder")
    for found in sources(below if is_s3(address) else address):
        name = found.address.removeprefix(below)
        if not is_known(name) or any(part.startswith(".") for part in name.split("/")):
            continue
        if is_s3(address) or Path(found.address).resolve().is_relative_to(Path(address).resolve()):
            yield name, found


def _take(base: KnowledgeBase, kind: str, name: str, found: Source) -> list[str]:
    """What is wrong with a document, if anything; one that is there as it is is not read."""
    known = base.documents.filter(source=kind, name=name).first()
    if known is not None and known.mark == found.digest:
        return []
    try:
        check_size(found.size)
        with opened(found) as file:
            content = file.read()
        incoming = Incoming(
            name=name, content=content, source=kind, reference=found.address, mark=found.digest
        )
        put_document(base, incoming)
    except DocumentError as error:
        return [f"{name}: {error}"]
    return []


def _told(problems: list[str]) -> str:
    more = len(problems) - _MAX_TOLD
    return "\n".join([*problems[:_MAX_TOLD], *([f"And {more} more."] if more > 0 else [])])
