"""What both imports share: each object once, its lines counted, those that can't be taken in listed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import transaction

from gateway.bedrock.storage import Source, opened, sources
from governance.models import AwsImport, RejectedLine

_MOST_LISTED = 1000


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
        if len(self.rejections) < _MOST_LISTED:
            self.rejections.append((line, reason[:200]))


Reader = Callable[[Source, IO[bytes], Tally, str], None]


def import_all(address: str, *, kind: str, read: Reader) -> Iterable[tuple[str, Tally | None]]:
    """Reads every object below an address that has not been read yet; None for those that have.

    One object is one transaction: it is read whole, or not at all, or up to where it is broken, which is said.
    """
    for source in sources(address):
        yield source.address, _import_one(source, kind=kind, read=read)


@transaction.atomic
def _import_one(source: Source, *, kind: str, read: Reader) -> Tally | None:
    made, is_new = AwsImport.objects.get_or_create(kind=kind, source=source.address, digest=source.digest)
    if not is_new:
        return None
    tally = Tally()
    try:
        with opened(source) as file, transaction.atomic():
            read(source, file, tally, f"import {made.pk}: {source.address}"[:300])
    except (EOFError, OSError) as error:  # of gzip: truncated, or not gzip at all
        tally.problem = f"{type(error).__name__}: {error}"[:300]
    columns: dict[str, Any] = {
        name: getattr(tally, name) for name in Tally.__dataclass_fields__ if name != "rejections"
    }
    if tally.problem:  # nothing of it was kept, so it is read again when it is whole
        columns |= {
            "taken": 0,
            "matched": 0,
            "corrected": 0,
            "corrected_nanos": 0,
            "digest": f"broken {source.digest}"[:80],
        }
        AwsImport.objects.filter(kind=kind, source=source.address, digest=columns["digest"]).delete()
    AwsImport.objects.filter(pk=made.pk).update(**columns)
    RejectedLine.objects.bulk_create(
        RejectedLine(aws_import=made, line=line, reason=reason) for line, reason in tally.rejections
    )
    return tally
