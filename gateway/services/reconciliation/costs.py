"""Takes in the lines of AWS's bill: CSV or Parquet, of Data Exports or the legacy report."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import pyarrow
import pyarrow.parquet

from gateway.bedrock.storage import Source
from gateway.services.reconciliation.imports import Tally, import_all
from governance.models import AwsImport, BilledLine
from governance.policy.aws_costs import COLUMNS, CostLine, MalformedCostError, parse

_BATCH = 2_000


def import_aws_costs(address: str) -> Iterable[tuple[str, Tally | None]]:
    """Every file of AWS's bill below an address, and what became of it. Other files are let be."""
    return import_all(address, kind=AwsImport.Kind.COSTS, read=_read)


def _read(source: Source, file: IO[bytes], tally: Tally, note: str) -> None:
    name = source.address.removesuffix(".gz")
    rows: Iterable[Mapping[str, Any]]
    if name.endswith(".parquet"):
        rows = _parquet(file)
    elif name.endswith(".csv"):
        rows = _csv(file)
    else:
        tally.problem = "neither CSV nor Parquet"
        return
    batch: dict[str, CostLine] = {}
    for row in rows:
        tally.lines += 1
        try:
            line = parse(row)
        except MalformedCostError as error:
            tally.reject(tally.lines, str(error))
            continue
        if line is None:
            continue
        tally.duplicates += line.key in batch
        batch[line.key] = line
        if len(batch) == _BATCH:
            _keep(batch, tally)
            batch = {}
    _keep(batch, tally)


def _csv(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    with io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="") as text:
        yield from csv.DictReader(text)


def _parquet(file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """Rows of the columns that are needed, a part of the file at a time."""
    try:
        table = pyarrow.parquet.ParquetFile(file)
        wanted = {column for names in COLUMNS.values() for column in names}
        for batch in table.iter_batches(
            _BATCH, columns=[name for name in table.schema_arrow.names if name in wanted]
        ):
            yield from batch.to_pylist()
    except pyarrow.ArrowInvalid as error:
        raise OSError(f"not a Parquet file: {error}") from error


def _keep(batch: dict[str, CostLine], tally: Tally) -> None:
    known = set(BilledLine.objects.filter(pk__in=list(batch)).values_list("pk", flat=True))
    BilledLine.objects.bulk_create(
        [BilledLine(**{name: getattr(line, name) for name in CostLine.__slots__}) for line in batch.values()],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["day", "region", "usage_type", "amount", "cost_nanos"],
    )
    tally.taken += len(batch) - len(known)
    tally.duplicates += len(known)
