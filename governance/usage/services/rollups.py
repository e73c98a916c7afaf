"""Keeps the sums of usage: what was written since is taken in, or everything anew. One at a time."""

from django.conf import settings
from django.db import connection, transaction

from governance.usage.models import RollupState
from governance.usage.policy import usage_limits

_MUCH = 10_000
_LOCK = "hashtext('gatehouse usage')"


def roll_up_calls() -> int:
    """Takes into the sums what has been written since the last time; how many records and corrections.

    Takes nothing, and waits for nobody, while another is at it.
    """
    state = RollupState.objects.first()
    if state is not None and (state.time_zone != settings.TIME_ZONE or _is_of_another_database(state)):
        return _rebuild_unless_busy()
    taken = _number("SELECT gatehouse_roll_up(%s, %s, %s)", *_kept())
    if taken > _MUCH:
        # Readers look for what came after through this index, and pages it has not summed up are all read.
        with connection.cursor() as cursor:
            cursor.execute("SELECT brin_summarize_new_values('call_by_xact')")
    return taken


@transaction.atomic
def rebuild(*, from_scratch: bool = False) -> int:
    """Sums everything up anew, in one transaction: readers see the old sums until it is done; how much was read.

    Sums of days before the oldest record's stay, unless `from_scratch`: retention has let their records go.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
    return _rebuild(from_scratch=from_scratch)


@transaction.atomic
def _rebuild_unless_busy() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
        is_free = bool(cursor.fetchone()[0])
    return _rebuild(from_scratch=False) if is_free else 0


def _rebuild(*, from_scratch: bool) -> int:
    return _number("SELECT gatehouse_rebuild_usage(%s, %s, %s, %s)", *_kept(), from_scratch)


def _kept() -> tuple[str, int, int]:
    return settings.TIME_ZONE, usage_limits.MAX_FEATURES, usage_limits.MAX_END_USERS


def _number(statement: str, *values: str | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])


def _is_of_another_database(state: RollupState) -> bool:
    """Whether transactions are numbered anew: a dump was restored, whose records' numbers mean nothing here."""
    return state.watermark > _number("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
