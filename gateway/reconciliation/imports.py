"""What both imports share: each object once, its lines counted, those that can't be taken in listed."""

import csv
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

import pyarrow
from django.db import connection, transaction

from gateway.providers.bedrock.storage import Source, opened
from governance.usage.models import AwsImport, RejectedLine

_MAX_LISTED = 1000
BROKEN = (EOFError, OSError, zlib.error, csv.Error, pyarrow.ArrowException)
"""What reading a truncated or damaged object raises."""


@dataclass(slots=True)
class Tally:
    """Figures of one object."""

    lines: int = 0
    taken: int = 0
    duplicates: int = 0
    rejected: int = 0
    matched: int = 0
    corrected: int = 0
    corrected_nanos: int = 0
    problem: str = ""
    rejections: list[tuple[int, str]] = field(default_factory=list)

    def reject(self, line: int, reason: str) -> None:
        self.rejected += 1
        if len(self.rejections) < _MAX_LISTED:
            self.rejections.append((line, reason[:200]))


FIGURES = tuple(name for name in Tally.__dataclass_fields__ if name != "rejections")
Reader = Callable[[Source, IO[bytes], Tally, AwsImport], None]


def one_importer_at_a_time(kind: str) -> None:
    """Waits for other importers of this kind until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"gatehouse import {kind}"])


def unread(found: Iterable[Source], *, kind: str) -> Iterator[tuple[Source, bool]]:
    """Objects, and whether each is still to be read."""
    for some in _in_batches(found, 500):
        known = set(
            AwsImport.objects.filter(kind=kind, is_current=True, source__in=[each.address for each in some])
            .exclude(digest__startswith="broken ")
            .values_list("source", "digest")
        )
        yield from ((each, (each.address, each.digest) not in known) for each in some)


def read_one(source: Source, *, kind: str, read: Reader, report: str = "") -> tuple[AwsImport, Tally]:
    """Reads an object whole, or, where it is broken, nothing of it; a note of it is kept either way."""
    AwsImport.objects.filter(kind=kind, source=source.address, digest=f"broken {source.digest}"[:80]).delete()
    made, _ = AwsImport.objects.update_or_create(
        kind=kind,
        source=source.address,
        digest=source.digest,
        defaults={"report": report, "modified_at": source.modified_at, "is_current": True},
    )
    tally = Tally()
    try:
        with opened(source) as file, transaction.atomic():
            read(source, file, tally, made)
    except BROKEN as error:
        tally.problem = f"{type(error).__name__}: {error}"[:300]
        tally.taken = tally.matched = 0
        made.digest = f"broken {source.digest}"[:80]  # so that it is read again
        made.is_current = False
    note(made, tally)
    RejectedLine.objects.filter(aws_import=made).delete()
    RejectedLine.objects.bulk_create(
        RejectedLine(aws_import=made, line=line, reason=reason) for line, reason in tally.rejections
    )
    return made, tally


def note(made: AwsImport, tally: Tally) -> None:
    """Writes the figures of an object to its import."""
    for name in FIGURES:
        setattr(made, name, getattr(tally, name))
    made.save()


def _in_batches(found: Iterable[Source], size: int) -> Iterator[list[Source]]:
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some
