"""Letting go of calls by whole months, once the sums of usage hold them."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connections

from governance.records.models import AuditRecord, RecordDrop
from governance.records.selectors.calls import first_id_at
from governance.records.services.partitions import partitions_before, retried, table_of, tables
from governance.usage.models import RollupState
from governance.usage.services.rollups import roll_up_calls
from kernel.errors import ConflictError

logger = logging.getLogger(__name__)


class DropRefusedError(ConflictError):
    """These months can't be dropped; it says why."""


def listed_before(moment: datetime) -> list[str]:
    """What `drop_months` would drop, a line for each partition."""
    lines = []
    for alias, table in tables():
        for name in partitions_before(moment, alias=alias, table=table):
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT greatest(reltuples, 0)::bigint, pg_size_pretty(pg_total_relation_size(oid)) "
                    "FROM pg_class WHERE oid = to_regclass(%s)",
                    [name],
                )
                rows, size = cursor.fetchone()
            lines.append(f"{name}: about {rows:,} rows, {size}")
    return lines


def drop_months(*, before: datetime, now: datetime, say: Callable[[str], None] = logger.info) -> int:
    """Lets go of all calls of the months before one, with what was said in them; how many records. Sums of usage stay.

    `before` is the first moment of a month, UTC. Raises DropRefusedError, having dropped nothing. What has been begun
    and did not end, because a table stayed locked (OperationalError), is taken up by the next drop.
    """
    refuse_drop(before, now=now)
    number = _records_before(before)
    RecordDrop.objects.create(
        before=before, records=number
    )  # first: from now on their entries may be without a record
    for alias, table in tables():
        for name in partitions_before(before, alias=alias, table=table):
            retried(alias, f'DROP TABLE "{name}"')
            say(f"dropped {name}")
        retried(alias, f"DELETE FROM {table_of(table)} WHERE call_id < %s", [first_id_at(before)])  # noqa: S608
    return number


def refuse_drop(before: datetime, *, now: datetime) -> None:
    """Raises DropRefusedError where a drop would take what is still needed. Takes the last calls into the sums first."""
    moment = before.astimezone(UTC)
    if moment != moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0):
        raise DropRefusedError("Calls are dropped by whole months: name the first day of one.")
    if moment > now - timedelta(days=31):
        raise DropRefusedError("Calls of the last 31 days stay: name an earlier month.")
    roll_up_calls()
    taken_in = RollupState.objects.values_list("watermark", flat=True).first() or 0
    if AuditRecord.objects.filter(pk__lt=first_id_at(before), xact_id__gte=taken_in).exists():
        raise DropRefusedError("Some of these calls are not in the sums of usage yet: try again in a minute.")


def _records_before(moment: datetime) -> int:
    return AuditRecord.objects.filter(pk__lt=first_id_at(moment)).count()
