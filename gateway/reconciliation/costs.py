"""Takes in AWS's bill: CSV or Parquet, of Data Exports or the legacy report.

AWS sends a month whole each time, and numbers its lines anew. So the latest delivery of a month takes the place of
all before it, in one transaction; where a part of it is broken, the one before stays in force.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any

import pyarrow.parquet
from django.db import transaction

from gateway.providers.bedrock.storage import Source, sources
from gateway.reconciliation.imports import Tally, one_importer_at_a_time, read_one
from governance.usage.models import AwsImport, BilledLine
from governance.usage.policy.aws_costs import COLUMNS, CostLine, MalformedCostError, parse_costs, report_of

KIND = AwsImport.Kind.COSTS
_BATCH = 2_000
_KINDS = (".csv", ".csv.gz", ".parquet")
_MAX_FIELD_LENGTH = 16 * 1024 * 1024
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Part = tuple[Any, str, str, str]


class _Broken(Exception):
    """A part of a delivery can't be read, so none of it counts."""


def import_aws_costs(address: str, *, dry_run: bool = False) -> Iterable[tuple[str, Tally | None]]:
    """Every file of AWS's bill below an address, and what became of it; None where it had been read before."""
    reports: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
    for source in sources(address):
        if source.address.endswith(_KINDS):  # manifests and SQL lie beside
            report, delivery = report_of(source.address)
            reports[report][delivery].append(source)
    for report, deliveries in sorted(reports.items()):
        _, delivery = max(
            (max(each.modified_at for each in found), name) for name, found in deliveries.items()
        )
        covers = report.startswith(address.rstrip("/")) or report == address
        yield from _import_report(report, delivery, deliveries[delivery], covers=covers, dry_run=dry_run)


def _import_report(
    report: str, delivery: str, found: list[Source], *, covers: bool, dry_run: bool
) -> list[tuple[str, Tally | None]]:
    results: list[tuple[str, Tally | None]] = []
    try:
        with transaction.atomic():
            one_importer_at_a_time(KIND)
            results = _replace(report, delivery, found, covers=covers)
            if any(tally and tally.problem for _, tally in results):
                raise _Broken
            transaction.set_rollback(dry_run)
    except _Broken:
        if not dry_run:
            _note_broken(report, found, dict(results))
    return results


def _replace(
    report: str, delivery: str, found: list[Source], *, covers: bool
) -> list[tuple[str, Tally | None]]:
    current = list(AwsImport.objects.filter(kind=KIND, report=report, is_current=True))
    ours = (max(each.modified_at for each in found), delivery)
    others = [each for each in current if _delivery(each) != delivery]
    if any((each.modified_at or _LONG_AGO, _delivery(each)) > ours for each in others):
        return [(each.address, None) for each in found]  # a later delivery has been read
    here = {each.address for each in found}
    same = {(each.source, each.digest) for each in current}
    fresh = {each.address for each in found if (each.address, each.digest) not in same}
    for each in current:
        if each in others or each.source in fresh or (covers and each.source not in here):
            each.billed_lines.all().delete()
            AwsImport.objects.filter(pk=each.pk).update(is_current=False)
    results: list[tuple[str, Tally | None]] = []
    for source in found:
        tally = read_one(source, kind=KIND, read=_read, report=report)[1] if source.address in fresh else None
        results.append((source.address, tally))
    return results


def _delivery(made: AwsImport) -> str:
    return report_of(made.source)[1]


@transaction.atomic
def _note_broken(report: str, found: list[Source], results: dict[str, Tally | None]) -> None:
    """Says what was wrong, now that all else of the delivery has been undone."""
    for source in found:
        tally = results.get(source.address)
        if tally is None:
            continue
        digest = f"broken {source.digest}"[:80]
        AwsImport.objects.update_or_create(
            kind=KIND,
            source=source.address,
            digest=digest,
            defaults={
                "report": report,
                "modified_at": source.modified_at,
                "is_current": False,
                "lines": tally.lines,
                "rejected": tally.rejected,
                "problem": tally.problem or "Left out, because another part of this delivery is broken.",
            },
        )


def _read(source: Source, file: IO[bytes], tally: Tally, made: AwsImport) -> None:
    rows = _parquet(file) if source.address.endswith(".parquet") else _csv(file)
    sums: dict[_Part, list[Any]] = defaultdict(lambda: [Decimal(0), 0])
    seen: set[tuple[str, str]] = set()
    for row in rows:
        tally.lines += 1
        try:
            line = parse_costs(row)
        except MalformedCostError as error:
            tally.reject(tally.lines, str(error))
            continue
        if line is None:
            continue
        if line.identity in seen:
            tally.duplicates += 1
            continue
        seen.add(line.identity)
        _add(sums, line)
        tally.taken += 1
    BilledLine.objects.bulk_create(
        (
            BilledLine(
                aws_import=made,
                day=day,
                region=region,
                model=model,
                usage_type=usage,
                amount=amount,
                cost_nanos=cost,
            )
            for (day, region, model, usage), (amount, cost) in sums.items()
        ),
        batch_size=_BATCH,
    )


def _add(sums: dict[_Part, list[Any]], line: CostLine) -> None:
    part = sums[line.day, line.region, line.model, line.usage_type]
    part[0] += line.amount
    part[1] += line.cost_nanos


def _csv(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(_MAX_FIELD_LENGTH)
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        yield from csv.DictReader(text)


def _parquet(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """Rows of the columns that are needed, a part of the file at a time."""
    table = pyarrow.parquet.ParquetFile(file)
    wanted = {column for names in COLUMNS.values() for column in names}
    names = [name for name in table.schema_arrow.names if name in wanted]
    for batch in table.iter_batches(_BATCH, columns=names):
        yield from batch.to_pylist()
