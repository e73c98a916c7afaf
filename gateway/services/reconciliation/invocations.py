"""Takes in Bedrock's invocation log: each invocation once, matched with its call, whose cost is corrected."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import IO, Any

from django.db import connection, transaction

from gateway.bedrock.storage import Source
from gateway.events import Usage
from gateway.models import Price
from gateway.pricing import PriceEntry, cost
from gateway.services.reconciliation.imports import Tally, import_all
from gateway.snapshot.build import price_entry
from governance.models import AuditRecord, AwsImport, LoggedInvocation
from governance.policy.invocation_logs import MOST_BYTES, Invocation, MalformedError, parse
from governance.selectors.calls import first_id_at

_BATCH = 2_000
_LONGEST_CALL = timedelta(hours=1)
"""AWS logs an invocation when it ends; the call's id is of when it began."""

_INSERT = """
INSERT INTO governance_loggedinvocation (
    request_id, at, region, model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[])
ON CONFLICT DO NOTHING RETURNING request_id"""
_NOTE = """
UPDATE governance_loggedinvocation line SET call_id = x.call_id, cost_nanos = x.cost_nanos
FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS x(request_id, call_id, cost_nanos)
WHERE line.request_id = x.request_id"""


def import_invocation_logs(address: str) -> Iterable[tuple[str, Tally | None]]:
    """Every object of invocation logs below an address, and what became of it."""
    return import_all(address, kind=AwsImport.Kind.INVOCATIONS, read=_read)


def match_again(*, since_days: int = 3) -> int:
    """Looks anew for the calls of invocations that came before their calls' records; how many were found."""
    latest = LoggedInvocation.objects.order_by("-at").values_list("at", flat=True).first()
    if latest is None:
        return 0
    names = Invocation.__slots__
    tally = Tally()
    with transaction.atomic():
        rows = LoggedInvocation.objects.filter(
            call_id__isnull=True, at__gte=latest - timedelta(days=since_days)
        )
        # Those that another importer is about to match are left to it.
        found = rows.order_by("at").select_for_update(skip_locked=True).values_list(*names)
        lines = [Invocation(*row) for row in found]
        for start in range(0, len(lines), _BATCH):
            _match(lines[start : start + _BATCH], tally, "matched later with AWS's log")
    return tally.matched


def _read(source: Source, file: IO[bytes], tally: Tally, note: str) -> None:
    batch: list[Invocation] = []
    while line := file.readline(MOST_BYTES + 2):
        if not line.strip():
            continue
        tally.lines += 1
        try:
            found = parse(line)
        except MalformedError as error:
            tally.reject(tally.lines, str(error))
            continue
        if found is not None:
            batch.append(found)
        if len(batch) == _BATCH:
            _take(batch, tally, note)
            batch = []
    if batch:
        _take(batch, tally, note)


def _take(batch: list[Invocation], tally: Tally, note: str) -> None:
    by_id = {each.request_id: each for each in batch}
    rows = list(by_id.values())
    columns = [[getattr(each, name) for each in rows] for name in Invocation.__slots__]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, columns)
        # Another importer's line waits here for its transaction, so that each line is worked on by one.
        fresh = {request_id for (request_id,) in cursor.fetchall()}
    tally.taken += len(fresh)
    tally.duplicates += len(batch) - len(fresh)
    _match([by_id[request_id] for request_id in fresh], tally, note)


def _match(lines: list[Invocation], tally: Tally, note: str) -> None:
    """Finds the calls, by the request id within the hour, and corrects what they cost."""
    if not lines:
        return
    by_id = {line.request_id: line for line in lines}
    moments = [line.at for line in lines]
    calls = AuditRecord.objects.filter(
        pk__gte=first_id_at(min(moments) - _LONGEST_CALL),
        pk__lt=first_id_at(max(moments) + timedelta(minutes=10)),
        upstream_request_id__in=list(by_id),
    ).only("call_id", "upstream_request_id", "cost_nanos", "price_id", "cache_write_1h_tokens", "images")
    found = list(calls)
    prices = _prices({call.price_id for call in found if call.price_id})
    posted = _posted([call.call_id for call in found])
    notes: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    corrections: list[dict[str, Any]] = []
    for call in found:
        line, price = by_id[call.upstream_request_id], prices.get(call.price_id or 0)
        exact = None if price is None else cost(price, _usage(line, call), images=call.images)
        for column, value in zip(notes, (line.request_id, call.call_id, exact), strict=True):
            column.append(value)
        change = 0 if exact is None else exact - posted.get(call.call_id, 0)
        if change:
            corrections.append({"call_id": str(call.call_id), "amount_nanos": change, "note": note})
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, notes)
        if corrections:
            cursor.execute("SELECT gatehouse_correct(%s)", [json.dumps(corrections)])
    tally.matched += len(found)
    tally.corrected += len(corrections)
    tally.corrected_nanos += sum(each["amount_nanos"] for each in corrections)


def _usage(line: Invocation, call: AuditRecord) -> Usage:
    """What AWS counted. How long a cache entry is kept is in no log, so that is as the answer said."""
    hour = min(call.cache_write_1h_tokens, line.cache_write_tokens)
    return Usage(
        input=line.input_tokens,
        output=line.output_tokens,
        cache_read=line.cache_read_tokens,
        cache_write=line.cache_write_tokens - hour,
        cache_write_1h=hour,
    )


def _prices(ids: set[int]) -> dict[int, PriceEntry]:
    return {price.pk: price_entry(price) for price in Price.objects.filter(pk__in=ids)}


def _posted(call_ids: list[Any]) -> dict[Any, int]:
    """What calls have been charged so far, corrections included. Their windows' lock is taken by the correction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT call_id, sum(amount_nanos)::bigint FROM governance_ledgerentry WHERE call_id = ANY (%s) GROUP BY 1",
            [call_ids],
        )
        return dict(cursor.fetchall())
