"""Indexing: a document's text taken out, cut, embedded, and put in force at once. In slices, each taken up by any worker.

claim → take out the text → cut → embed what has no vector → put in force. Each step is kept, so that whatever ends a slice
(its time, a worker that died, a budget that is used up) the next goes on where it stopped, and no passage is embedded twice.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from kernel.clock import utc_now
from kernel.faults import is_away
from prompts.knowledge.models import Chunk, DocumentState, DocumentVersion, KnowledgeDocument, VersionContent
from prompts.knowledge.policy.blocks import from_json, to_json
from prompts.knowledge.policy.chunking import Piece, chunk
from prompts.knowledge.services.embedding import BudgetSpentError, Embedder, EmbeddingError, TryLaterError
from prompts.knowledge.services.extraction import DocumentError, extract

logger = logging.getLogger(__name__)

_BATCH = 32
_SILENT = timedelta(minutes=1)
"""A worker that has not been heard of for so long is taken for dead."""
_RENEW_SECONDS, _RENEWALS = 10.0, 60
"""A claim is renewed so often, and so many times: what hangs for longer is left to another worker."""
_AGAIN = timedelta(minutes=1)
_BUDGET_AGAIN = timedelta(minutes=15)

_FAULT = "Gatehouse met a fault of its own. It is in the worker's log; upload the document again, or have it indexed again."
_left: "list[_Claim]" = []

_CLAIM = """
    WITH busy AS (
        SELECT base.team_id FROM prompts_knowledgedocument document JOIN prompts_knowledgebase base ON base.id = document.base_id
        WHERE document.state = 'indexing' AND document.claimed_at >= %(silent)s
        GROUP BY base.team_id HAVING count(*) >= %(at_once)s)
    UPDATE prompts_knowledgedocument SET state = 'indexing', claimed_at = %(now)s WHERE id = (
        SELECT document.id FROM prompts_knowledgedocument document JOIN prompts_knowledgebase base ON base.id = document.base_id
        WHERE (document.state = 'queued' AND (document.error = '' OR document.updated_at < %(again)s)
            OR document.state = 'indexing' AND (document.claimed_at IS NULL OR document.claimed_at < %(silent)s)
            OR document.state = 'paused' AND document.updated_at < %(budget_again)s)
            AND NOT EXISTS (SELECT FROM busy WHERE busy.team_id IS NOT DISTINCT FROM base.team_id)
        ORDER BY document.claimed_at NULLS FIRST, document.id LIMIT 1 FOR UPDATE OF document SKIP LOCKED)
    RETURNING id"""


class _LostError(Exception):
    """The document was deleted, replaced or taken over meanwhile."""


@dataclass(slots=True)
class _Claim:
    """A document that this worker has for itself, as long as its claim is the latest."""

    document: KnowledgeDocument
    version: DocumentVersion
    at: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Of `at`: it is renewed by a thread of its own, for a step may take longer than a worker may be silent."""

    def renew(self) -> None:
        """_LostError where it is not ours any more."""
        with self.lock:
            now = utc_now()
            mine = KnowledgeDocument.objects.filter(
                pk=self.document.pk, state=DocumentState.INDEXING, claimed_at=self.at
            )
            if not mine.update(claimed_at=now):
                raise _LostError
            self.at = now

    def leave(self, state: DocumentState, error: str = "") -> None:
        """Ends the work on it for now."""
        with self.lock:
            KnowledgeDocument.objects.filter(
                pk=self.document.pk, state=DocumentState.INDEXING, claimed_at=self.at
            ).update(state=state, error=error, updated_at=utc_now())

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renewed while the block lasts."""
        done = threading.Event()

        def renew() -> None:
            for _ in range(_RENEWALS):
                if done.wait(_RENEW_SECONDS):
                    return
                try:
                    self.renew()
                except _LostError:
                    return
                except DatabaseError as error:
                    logger.warning("document %d: %s", self.document.pk, type(error).__name__)
                finally:
                    connection.close()

        threading.Thread(target=renew, name="a document's claim", daemon=True).start()
        try:
            yield
        finally:
            done.set()


def index_some(*, seconds: float) -> int:
    """Works on the documents that wait, for about so long; on how many."""
    until = monotonic() + seconds
    worked_on = 0
    _give_back_what_was_left()
    while monotonic() < until and (claim := _claim(utc_now())) is not None:
        worked_on += 1
        try:
            with claim.kept():
                _index(claim, until)
        except _LostError:
            continue
        except Exception as error:
            _interrupted(claim, error)
            if is_away(error):
                break
    return worked_on


def _interrupted(claim: _Claim, error: Exception) -> None:
    """Nothing of what was done is lost; but whoever finds the document claimed would wait until its worker is taken for dead."""
    connection.close()  # it may be lost, and Celery's worker looks only between tasks
    if is_away(error):
        logger.warning(
            "document %d: goes on when Postgres can be used (%s)", claim.document.pk, type(error).__name__
        )
        _left.append(claim)
        _give_back_what_was_left()
        return
    logger.error("document %d: a fault", claim.document.pk, exc_info=error)
    claim.leave(DocumentState.FAILED, _FAULT)


def _give_back_what_was_left() -> None:
    """Claims of this process that it could not let go of, since Postgres was away."""
    while _left:
        try:
            _left[-1].leave(DocumentState.QUEUED)
        except DatabaseError:
            connection.close()
            return
        _left.pop()


def _claim(now: datetime) -> _Claim | None:
    moments = {
        "now": now, "again": now - _AGAIN, "silent": now - _SILENT, "budget_again": now - _BUDGET_AGAIN,
        "at_once": settings.TEAM_DOCUMENTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, moments)
        row = cursor.fetchone()
    if row is None:
        return None
    document = KnowledgeDocument.objects.select_related("base__team").get(pk=row[0])
    return _Claim(document, document.versions.latest("number"), now)


def _index(claim: _Claim, until: float) -> None:
    try:
        if not claim.version.chunks.exists():
            _cut(claim)
        is_done = _embed(claim, until)
    except BudgetSpentError as error:
        claim.leave(DocumentState.PAUSED, str(error))
    except TryLaterError as error:
        claim.leave(DocumentState.QUEUED, str(error))
    except (EmbeddingError, DocumentError) as error:
        claim.leave(DocumentState.FAILED, str(error))
        if isinstance(error, DocumentError):
            VersionContent.objects.filter(version=claim.version).delete()
    else:
        if is_done:
            _put_in_force(claim)
        else:
            claim.leave(DocumentState.QUEUED)


def _cut(claim: _Claim) -> None:
    """Makes the passages, with the vectors of those that were embedded before."""
    content = VersionContent.objects.get(version=claim.version)
    if content.blocks is None:
        assert content.original is not None
        content.blocks = to_json(extract(bytes(content.original), claim.document.media_type))
        content.original = None
        content.save()
        claim.renew()
    base = claim.document.base
    pieces = chunk(
        from_json(content.blocks), most_tokens=base.chunk_tokens, overlap_tokens=base.overlap_tokens
    )
    if not pieces:
        raise DocumentError("There is no text in it but headings. Upload a document that has some.")
    known = dict(
        claim.document.chunks.exclude(version=claim.version)
        .filter(vector__isnull=False)
        .values_list("digest", "vector")
    )
    Chunk.objects.bulk_create(
        (_row(claim, number, piece, known) for number, piece in enumerate(pieces, 1)), batch_size=500
    )


def _row(claim: _Claim, number: int, piece: Piece, known: dict[str, object]) -> Chunk:
    base = claim.document.base
    return Chunk(
        base=base,
        document=claim.document,
        version=claim.version,
        position=number,
        headings=piece.headings,
        text=piece.text,
        tokens=piece.tokens,
        digest=piece.digest,
        language=base.language,
        vector=known.get(piece.digest),
    )


def _embed(claim: _Claim, until: float) -> bool:
    """Embeds passages without a vector, a batch at a time; whether none is left."""
    base = claim.document.base
    assert base.dimensions is not None
    embedder = Embedder(base.team, base.route, base.dimensions)
    while batch := list(claim.version.chunks.filter(vector__isnull=True)[:_BATCH]):
        if monotonic() > until:
            return False
        texts = [Piece(row.headings, row.text, row.tokens).embedded_text for row in batch]
        vectors = embedder.embed(texts, until=until)
        for row, vector in zip(batch, vectors, strict=True):
            row.vector = vector
        Chunk.objects.bulk_update(batch, ("vector",))
        claim.renew()
    return True


def _put_in_force(claim: _Claim) -> None:
    """The version takes the place of the one before, whose passages and text are deleted, at one moment."""
    with claim.lock, transaction.atomic():
        _replace(claim)


def _replace(claim: _Claim) -> None:
    document = KnowledgeDocument.objects.select_for_update().filter(pk=claim.document.pk).first()
    if document is None or document.claimed_at != claim.at or document.state != DocumentState.INDEXING:
        raise _LostError
    claim.version.chunk_count = claim.version.chunks.count()
    claim.version.save(update_fields=("chunk_count",))
    document.chunks.exclude(version=claim.version).delete()
    VersionContent.objects.filter(version__document=document).exclude(version=claim.version).delete()
    document.current, document.state, document.error = claim.version, DocumentState.READY, ""
    document.save()
