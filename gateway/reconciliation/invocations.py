"""Takes in Bedrock's invocation log: each invocation once, matched with its call.

An object's lines are taken in as one transaction, which locks nothing that calls wait for. What they say of costs is
posted afterwards (corrections.py).
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import IO, Any

from django.db import connection, transaction

from gateway.providers.bedrock.storage import Source, sources
from gateway.reconciliation.corrections import planned, post_corrections
from gateway.reconciliation.imports import Tally, note, one_importer_at_a_time, read_one, unread
from gateway.reconciliation.matching import UNMATCHED, match
from governance.usage.models import AwsImport, LoggedInvocation
from governance.usage.policy.invocation_logs import MAX_BYTES, Invocation, MalformedLogError, is_log, parse

KIND = AwsImport.Kind.INVOCATIONS
_BATCH = 2_000
_NAMES = Invocation.__slots__
_COLUMNS = (*_NAMES, "call_id", "cost_nanos", "is_posted")
_INSERT = f"""
INSERT INTO governance_loggedinvocation ({", ".join(_COLUMNS)}, aws_import_id)
SELECT *, %s FROM unnest(
    %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::text[],
    %s::boolean[], %s::uuid[], %s::uuid[], %s::bigint[], %s::boolean[])
ON CONFLICT DO NOTHING RETURNING request_id"""  # noqa: S608 - names of our own
_NOTE = """
UPDATE governance_loggedinvocation line SET call_id = x.call_id, cost_nanos = x.cost_nanos, is_posted = x.is_posted
FROM unnest(%s::text[], %s::uuid[], %s::bigint[], %s::boolean[]) AS x(request_id, call_id, cost_nanos, is_posted)
WHERE line.request_id = x.request_id"""


def import_invocation_logs(address: str, *, dry_run: bool = False) -> Iterable[tuple[str, Tally | None]]:
    """Every object of invocation logs below an address, and what became of it; None where it had been read before.

    With `dry_run` everything is worked out and nothing is kept.
    """
    found = (source for source in sources(address) if is_log(source.address))
    for source, is_new in unread(found, kind=KIND):
        yield source.address, _import(source, dry_run=dry_run) if is_new else None


def match_again(*, since_days: int = 3) -> int:
    """Looks anew for the calls of invocations that came before their calls' records; how many were found."""
    latest = LoggedInvocation.objects.order_by("-at").values_list("at", flat=True).first()
    if latest is None:
        return 0
    rows = LoggedInvocation.objects.filter(call_id__isnull=True, at__gte=latest - timedelta(days=since_days))
    with transaction.atomic():
        one_importer_at_a_time(KIND)
        lines = [Invocation(*row) for row in rows.order_by("at").values_list(*_NAMES)]
        found = sum(_note_matches(lines[start : start + _BATCH]) for start in range(0, len(lines), _BATCH))
    post_corrections()
    return found


def _note_matches(lines: list[Invocation]) -> int:
    found = list(match(lines).items())
    columns = [[request_id for request_id, _ in found]]
    columns += [[getattr(each, name) for _, each in found] for name in ("call_id", "cost_nanos", "is_posted")]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, columns)
    return len(found)


def _import(source: Source, *, dry_run: bool) -> Tally | None:
    with transaction.atomic():
        one_importer_at_a_time(KIND)
        if next((False for _, is_new in unread([source], kind=KIND) if not is_new), True) is False:
            return None  # another importer was faster
        made, tally = read_one(source, kind=KIND, read=_read)
        if dry_run:
            _count(tally, planned(made))
            transaction.set_rollback(True)
    if not dry_run and not tally.problem:
        _count(tally, post_corrections(made))
        note(made, tally)
    return tally


def _count(tally: Tally, amounts: Iterable[int]) -> None:
    for amount in amounts:
        tally.corrected += 1
        tally.corrected_nanos += amount


def _read(source: Source, file: IO[bytes], tally: Tally, made: AwsImport) -> None:
    batch: list[Invocation] = []
    while line := file.readline(MAX_BYTES + 1):
        if len(line) > MAX_BYTES and not line.endswith(b"\n"):
            _skip_line(file)
        if not line.strip():
            continue
        tally.lines += 1
        try:
            found = parse(line)
        except MalformedLogError as error:
            tally.reject(tally.lines, str(error))
            continue
        if found is not None:
            batch.append(found)
        if len(batch) == _BATCH:
            _take(batch, tally, made)
            batch = []
    if batch:
        _take(batch, tally, made)


def _skip_line(file: IO[bytes]) -> None:
    while (rest := file.readline(MAX_BYTES)) and not rest.endswith(b"\n"):
        pass


def _take(batch: list[Invocation], tally: Tally, made: AwsImport) -> None:
    by_id = {each.request_id: each for each in batch}
    found = match(list(by_id.values()))
    rows = [(each, found.get(each.request_id, UNMATCHED)) for each in by_id.values()]
    columns: list[list[Any]] = [[getattr(each, name) for each, _ in rows] for name in _NAMES]
    columns += [[getattr(each, name) for _, each in rows] for name in ("call_id", "cost_nanos", "is_posted")]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [made.pk, *columns])
        fresh = {request_id for (request_id,) in cursor.fetchall()}
    tally.taken += len(fresh)
    tally.duplicates += len(batch) - len(fresh)
    tally.matched += sum(request_id in fresh for request_id in found)
