"""Knowledge bases and their documents: added, replaced, indexed anew, deleted. The indexing itself: knowledge_indexing."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.db import connection, transaction

from accounts.access.principals import may_manage_shared
from accounts.models import User
from accounts.services.known_models import unknown_model
from kernel.errors import InvalidError
from kernel.queueing import queue_on_commit
from prompts.knowledge.models import (
    DocumentState,
    DocumentVersion,
    KnowledgeBase,
    KnowledgeDocument,
    VersionContent,
)
from prompts.knowledge.policy.sources import is_allowed
from prompts.knowledge.services.extraction import check_size, media_type_of

FIXED = ("team", "kind", "route", "dimensions", "language")
"""What is said when a base is made and never again: its vectors and words are made accordingly."""
_SUPERUSERS_SAY = ("source", "bedrock_id", "region")


class UnusableBaseError(InvalidError):
    """A base can't be as it is described: `field` is what to change, the message how."""

    code = "unusable_base"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, fields={field: [message]})


def check_base(base: KnowledgeBase, *, by: User, before: KnowledgeBase | None = None) -> None:
    """UnusableBaseError for what can't be, or what this person may not set. `before` is how it was, if it was.

    What is read from outside (folders, buckets, Bedrock) is for superusers to say: the installation reads it with rights of
    its own, which are not any team's.
    """
    if base.is_local:
        if not base.route:
            raise UnusableBaseError("route", "Choose the model that turns texts into vectors.")
        if unknown_model([base.route]) is not None:
            raise UnusableBaseError("route", f"There is no route named “{base.route}”.")
        if base.dimensions is None:
            raise UnusableBaseError("dimensions", "Say how many numbers a vector has: 1024 for most models.")
    elif not base.bedrock_id or not base.region:
        raise UnusableBaseError("bedrock_id", "Give its id in Bedrock, and its region.")
    for field in _SUPERUSERS_SAY:
        said = getattr(base, field)
        if said and said != getattr(before, field, "") and not may_manage_shared(by):
            raise UnusableBaseError(
                field, "This is for superusers to set: it is read with the rights of Gatehouse."
            )
    if base.source and not base.is_local:
        raise UnusableBaseError("source", "Bedrock has sources of its own for its knowledge bases.")
    if base.source and not is_allowed(base.source, settings.KNOWLEDGE_SOURCES):
        raise UnusableBaseError(
            "source",
            "GATEHOUSE_KNOWLEDGE_SOURCES does not name it, nor anything above it. Have it added there.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A document as it comes in. `mark` is what changes at its source when it does."""

    name: str
    content: bytes
    source: str = KnowledgeDocument.Source.UPLOAD
    reference: str = ""
    mark: str = ""


@transaction.atomic
def put_document(
    base: KnowledgeBase,
    incoming: Incoming,
    *,
    application_ids: Iterable[int] | None = None,
    by: User | None = None,
) -> tuple[KnowledgeDocument, bool]:
    """A document of this name with this content, and whether anything is to be done for it.

    The same name again is a new version, found by searches when it is ready, and the old one until then; the same content
    again is nothing. DocumentError for what can't be taken. Restrictions stay as they are unless they are given.
    """
    check_size(len(incoming.content))
    media_type = media_type_of(incoming.name, incoming.content)
    document, _ = KnowledgeDocument.objects.select_for_update().get_or_create(
        base=base,
        source=incoming.source,
        name=incoming.name,
        defaults={"media_type": media_type, "created_by": by, "reference": incoming.reference},
    )
    document.reference, document.mark = incoming.reference, incoming.mark
    if application_ids is not None:
        document.application_ids = sorted(set(application_ids))
    digest = sha256(incoming.content).hexdigest()
    last = document.versions.first()
    document.save()
    if last is not None and last.sha256 == digest:
        if document.state != DocumentState.FAILED:
            return document, False
        if reindex(document):
            document.refresh_from_db()
            return document, True
    document.media_type = media_type
    version = DocumentVersion.objects.create(
        document=document, number=last.number + 1 if last else 1, sha256=digest, size=len(incoming.content)
    )
    VersionContent.objects.create(version=version, original=incoming.content)
    _queue(document)
    return document, True


@transaction.atomic
def reindex(document: KnowledgeDocument) -> bool:
    """Cuts and embeds a document anew, as its base now says; what stays the same is not embedded again.

    One that waits or failed on the way goes on. False where there is no text to do it with: it has to be uploaded again.
    """
    document = KnowledgeDocument.objects.select_for_update().get(pk=document.pk)
    last = document.versions.first()
    if last is None or not VersionContent.objects.filter(version=last).exists():
        return False
    if document.current_id == last.pk:
        content = last.content
        version = DocumentVersion.objects.create(
            document=document, number=last.number + 1, sha256=last.sha256, size=last.size
        )
        VersionContent.objects.create(version=version, blocks=content.blocks)
    _queue(document)
    return True


def reindex_base(base: KnowledgeBase) -> int:
    """Indexes all documents of a base anew; how many."""
    return sum(map(reindex, base.documents.all()))


def _queue(document: KnowledgeDocument) -> None:
    """Lets the last version be indexed. What was under way of another is given up."""
    last = document.versions.first()
    assert last is not None
    unused = document.versions.exclude(pk__in=[pk for pk in (last.pk, document.current_id) if pk is not None])
    VersionContent.objects.filter(version__in=unused).delete()
    document.chunks.filter(version__in=unused).delete()
    document.state, document.error, document.claimed_at = DocumentState.QUEUED, "", None
    document.save()


@transaction.atomic
def restrict(document: KnowledgeDocument, *, application_ids: Iterable[int]) -> None:
    """Lets only these applications of the team be given what a document says; none named: all. Holds at once."""
    document.application_ids = sorted(set(application_ids))
    document.save(update_fields=("application_ids", "updated_at"))


@transaction.atomic
def delete_document(document: KnowledgeDocument) -> None:
    """Deletes a document with all its versions, passages and originals."""
    document.delete()


@transaction.atomic
def delete_base(base: KnowledgeBase) -> None:
    """Deletes a knowledge base with all that is in it, and its indexes."""
    pk = base.pk
    base.delete()
    with connection.cursor() as cursor:
        for name in index_names(pk):
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


def index_names(base_id: int) -> tuple[str, str]:
    """The names of the indexes that a large base has: of its vectors and of its words."""
    return f"knowledge_vectors_{int(base_id)}", f"knowledge_words_{int(base_id)}"


TASK = "gateway.tasks.sync_knowledge"


def ask_for_sync(base: KnowledgeBase) -> None:
    """Once the transaction is through, a worker reads what is new or changed."""
    queue_on_commit(TASK, base.pk)
