"""The months that calls are kept by: their partitions made ahead, calls put right that came while one was missing, old ones dropped.

Tables are partitioned by the time in a call's id. A call never waits for a partition and is never lost for want of one:
it goes to the default partition, from where it is moved once its month is there.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import (
    DEFAULT_DB_ALIAS,
    Error,
    IntegrityError,
    OperationalError,
    connections,
    router,
    transaction,
)
from django.db.models import Model
from psycopg.errors import CheckViolation, DeadlockDetected, LockNotAvailable

from governance.records.models import AuditContent, AuditRecord, ContentIndex, SealedContent
from governance.records.selectors.bodies import BODIES, body_databases
from governance.records.selectors.calls import first_id_at, time_of

logger = logging.getLogger(__name__)

TABLES: tuple[type[Model], ...] = (ContentIndex, SealedContent, AuditContent, AuditRecord)
"""What belongs to a call goes before its record does."""
MONTHS_AHEAD = 3
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A clock that says less was never set."""
_MAX_TRIES = 5
_PASSING = (LockNotAvailable, DeadlockDetected, CheckViolation)
"""The last: a call came to the default partition while its month's was made."""
_MAX_COUNTED = 1000


def make_partitions(*, since: datetime, until: datetime) -> int:
    """Makes those partitions from one month to another that are missing, in all databases; how many.

    Raises OperationalError where a table stays locked for long, and where the database can't be reached.
    """
    return sum(_make(alias, table, since, until) for alias, table in tables())


def make_ahead(*, now: datetime, alias: str | None = None) -> int:
    """Makes the partitions of the months to come, and of calls that have none; how many. For one database, or all."""
    made = 0
    for each, table in tables(alias):
        for month in _months_of_strays(each, table, now):
            made += _make(each, table, month, month)
        made += _make(each, table, now - timedelta(days=31), _ahead(now))
    return made


def tend(*, now: datetime) -> int:
    """`make_ahead`, for tasks and servers: what can't be done is said in the log. How many calls are in no month."""
    for alias in body_databases():
        try:
            if made := make_ahead(now=now, alias=alias):
                logger.info("made %d partitions in the database %s", made, alias)
        except Error as error:
            logger.error("partitions can't be made in the database %s (%s)", alias, type(error).__name__)
    number = strays()
    if number:
        logger.error(
            "%s in no month's partition: their ids are of a time that can't be, so a clock was wrong. See docs/storage.md",
            count_text(number),
        )
    return number


def count_text(number: int) -> str:
    """So many calls, of `strays`, with their verb."""
    if number == 1:
        return "1 call is"
    return f"at least {number} calls are" if number == _MAX_COUNTED else f"{number} calls are"


def strays() -> int:
    """How many records are in the default partition, counted up to a thousand."""
    query = f"SELECT count(*) FROM (SELECT FROM {table_of(AuditRecord)}_default LIMIT {_MAX_COUNTED}) strays"  # noqa: S608
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def analyze() -> None:
    """Brings up to date what planners know of the tables as a whole: Postgres does it for each partition alone."""
    for alias, table in tables():
        with connections[alias].cursor() as cursor:
            only = "ONLY " if connections[alias].pg_version >= 180000 else ""  # type: ignore[attr-defined]
            cursor.execute(f"ANALYZE {only}{table_of(table)}")


def partitions_before(moment: datetime, *, alias: str, table: type[Model]) -> list[str]:
    """The partitions of a table that end at a moment or before, oldest first."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
            r"WHERE inhparent = to_regclass(%s) AND c.relname ~ '_\d{4}_\d\d$' "
            "AND right(c.relname, 7) < %s ORDER BY 1",
            [table_of(table), f"{moment.astimezone(UTC):%Y_%m}"],
        )
        return [name for (name,) in cursor.fetchall()]


def tables(alias: str | None = None) -> Iterator[tuple[str, type[Model]]]:
    """Every table with the databases that it is in, the first database last: records go when all else has."""
    for each in body_databases() if alias is None else (alias,):
        for table in TABLES:
            if each != BODIES or router.allow_migrate_model(each, table):
                yield each, table


def _make(alias: str, table: type[Model], since: datetime, until: datetime) -> int:
    statement = "SELECT gatehouse_make_partitions(%s, %s, %s)"
    return retried(alias, statement, [table_of(table), since, until])


def retried(alias: str, statement: str, values: Sequence[Any] = ()) -> int:
    """What a statement returns, if anything. While its tables are locked it is tried again, some times, two seconds each: who
    waits for a table's lock holds up the calls that come after.
    """
    for attempt in range(1, _MAX_TRIES + 1):
        try:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                cursor.execute(statement, values)
                return int(cursor.fetchone()[0]) if cursor.description else 0
        except (OperationalError, IntegrityError) as error:
            if attempt == _MAX_TRIES or not isinstance(error.__cause__, _PASSING):
                raise
    raise AssertionError


def _months_of_strays(alias: str, table: type[Model], now: datetime) -> Iterator[datetime]:
    """The months of the rows in the default partition, of times that can be."""
    query = f"SELECT call_id FROM {table_of(table)}_default WHERE call_id >= %s ORDER BY call_id LIMIT 1"  # noqa: S608
    low, end = first_id_at(_EARLIEST), first_id_at(_ahead(now))
    while True:
        with connections[alias].cursor() as cursor:
            cursor.execute(query, [low])
            row: tuple[UUID] | None = cursor.fetchone()
        if row is None or row[0] >= end:
            return
        month = time_of(row[0]).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        yield month
        low = first_id_at(month + timedelta(days=32))
        low = first_id_at(time_of(low).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _ahead(now: datetime) -> datetime:
    return now + timedelta(days=31 * MONTHS_AHEAD)


def table_of(model: type[Model]) -> str:
    return model._meta.db_table
