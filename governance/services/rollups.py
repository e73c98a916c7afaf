"""Keeps the sums of usage: what was written since is taken in, or everything anew."""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from governance.models import RollupState, UsageDay, UsageEndUserDay, UsageFeature, UsageHour

MOST_FEATURES = 1_000
"""Features of a team that usage tells apart; the rest are “(other)”."""
MOST_END_USERS = 10_000
"""End users of a team that usage tells apart on one day; the rest are “(other)”."""

_MUCH = 10_000


def roll_up() -> int:
    """Takes into the sums what has been written since the last time; how many records and corrections."""
    state = RollupState.objects.first()
    if state is not None and (state.time_zone != settings.TIME_ZONE or _is_of_another_database(state)):
        return rebuild()
    taken = _roll_up()
    if taken > _MUCH:
        # Readers look for what came after through this index, and pages it has not summed up are all read.
        with connection.cursor() as cursor:
            cursor.execute("SELECT brin_summarize_new_values('call_by_xact')")
    return taken


@transaction.atomic
def rebuild() -> int:
    """Sums everything up anew, in one transaction: readers see the old sums until it is done."""
    RollupState.objects.update(watermark=0)  # and so locked
    for model in (UsageHour, UsageDay, UsageEndUserDay, UsageFeature):
        model.objects.all().delete()
    return _roll_up()


def _roll_up() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gatehouse_roll_up(%s, %s, %s)", [settings.TIME_ZONE, MOST_FEATURES, MOST_END_USERS]
        )
        return int(cursor.fetchone()[0])


def _is_of_another_database(state: RollupState) -> bool:
    """Whether transactions are numbered anew: a dump was restored, whose records' numbers mean nothing here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return state.watermark > int(cursor.fetchone()[0])


def rolled_up_at() -> datetime | None:
    """When the sums were last brought up to date."""
    return RollupState.objects.values_list("rolled_up_at", flat=True).first()
