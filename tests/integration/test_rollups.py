"""Usage is the sum over the records and corrections, whenever it is read and whatever runs meanwhile."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import AuditRecord, LedgerEntry, RollupState, UsageDay, UsageEndUserDay, UsageHour
from governance.policy.usage import UnanswerableError, UsageQuery
from governance.selectors.usage import total, usage
from governance.services import rollups
from kernel.ids import new_id
from tests.integration.test_ledger import conninfo, record

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
ALL = {"since": NOW - timedelta(days=40), "until": NOW + timedelta(days=1)}


def insert(cursor, **columns) -> None:
    cost = columns.pop("cost", 0)
    row = record(new_id(), cost=cost, **{"requested_model": "m", **columns})
    cursor.execute(
        "INSERT INTO governance_auditrecord SELECT * FROM jsonb_populate_record(gatehouse_blank_record(), %s)",
        [json.dumps(row, default=str)],
    )


def by_records(*, key) -> dict:
    """The same from the records themselves."""
    found: dict = defaultdict(lambda: [0, 0])
    corrections: dict = defaultdict(int)
    for entry in LedgerEntry.objects.filter(kind="correction"):
        corrections[entry.call_id] += entry.amount_nanos
    for row in AuditRecord.objects.all():
        sums = found[key(row)]
        sums[0] += 1
        sums[1] += row.cost_nanos + corrections[row.call_id]
    return dict(found)


def read(**asked) -> dict:
    rows = usage(UsageQuery(**ALL, **asked), zone=ZONE)
    return {(row.starts_at, *row.key): [row.sums.calls, row.sums.cost_nanos] for row in rows}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 1), st.integers(0, 50), st.integers(0, 60)),
        st.tuples(
            st.sampled_from(("commit", "rollback", "roll up", "rebuild", "correct")), st.integers(0, 1)
        ),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_reading_is_exact_whatever_has_been_committed_when(steps):
    """Two writers with transactions of their own, beside rollups and rebuilds."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE governance_auditrecord, governance_ledgerentry, governance_usagehour, governance_usageday, "
                       "governance_usageenduserday, governance_usagefeature, governance_rollupstate")  # fmt: skip
    writers = [psycopg.connect(conninfo()) for _ in range(2)]
    try:
        for number, (what, which, *figures) in enumerate(steps):
            writer = writers[which]
            if what == "insert":
                columns = {
                    "started_at": NOW - timedelta(hours=figures[1]),
                    "cost": figures[0],
                    "feature": "ab"[number % 2],
                    "end_user": "xyz"[number % 3],
                    "status": ("succeeded", "failed", "cancelled")[number % 3],
                }
                with writer.cursor() as cursor:
                    insert(cursor, **columns)
            elif what == "correct":
                call_id = AuditRecord.objects.values_list("call_id", flat=True).first()
                body = [{"call_id": str(call_id), "amount_nanos": 7, "note": ""}] if call_id else []
                writer.execute("SELECT gatehouse_correct(%s)", [json.dumps(body)])
            elif what in ("commit", "rollback"):
                getattr(writer, what)()
            else:
                (rollups.roll_up if what == "roll up" else rollups.rebuild)()
            assert read(group_by=("feature",)) == by_records(key=lambda row: (None, row.feature))
        assert read(group_by=("end_user",)) == by_records(key=lambda row: (None, row.end_user))
        days = by_records(key=lambda row: (row.started_at.replace(hour=0, minute=0, tzinfo=ZONE),))
        assert read(interval="day") == days
    finally:
        for writer in writers:
            writer.close()


def test_what_did_not_succeed_and_what_it_cost():
    with connection.cursor() as cursor:
        for status, cost in (
            ("succeeded", 5),
            ("failed", 3),
            ("expired", 4),
            ("cancelled", 2),
            ("refused", 0),
        ):
            insert(cursor, status=status, cost=cost, input_tokens=10, duration_ms=2.5, started_at=NOW)
    for after in (lambda: None, rollups.roll_up, rollups.rebuild):
        after()
        sums = total(UsageQuery(**ALL), zone=ZONE)
        assert (sums.calls, sums.succeeded, sums.failed, sums.cancelled, sums.refused) == (5, 1, 2, 1, 1)
        assert (sums.cost_nanos, sums.failed_cost_nanos, sums.cancelled_cost_nanos) == (14, 7, 2)
        assert (sums.input_tokens, sums.mean_ms) == (50, 2.5)


def test_features_and_end_users_are_told_apart_up_to_a_number(monkeypatch):
    monkeypatch.setattr(rollups, "MOST_FEATURES", 3)
    monkeypatch.setattr(rollups, "MOST_END_USERS", 4)
    for part in range(2):
        with connection.cursor() as cursor:
            for number in range(6):
                insert(
                    cursor, feature=f"f{part}{number}", end_user=f"u{part}{number}", started_at=NOW, cost=1
                )
        rollups.roll_up()
    features = read(group_by=("feature",))
    assert len(features) == 4
    assert features[None, "(other)"] == [9, 9]
    people = read(group_by=("end_user",))
    assert len(people) == 5
    assert people[None, "(other)"] == [8, 8]
    assert sum(calls for calls, _ in people.values()) == 12


def test_days_are_those_of_the_zone_whichever_table_answers(settings):
    settings.TIME_ZONE = "America/New_York"
    zone = ZoneInfo("America/New_York")
    with connection.cursor() as cursor:
        for hour in range(0, 96, 3):  # across the end of daylight saving on 1 November
            insert(cursor, started_at=datetime(2026, 10, 30, tzinfo=UTC) + timedelta(hours=hour), cost=1)
    rollups.roll_up()
    bounds = {"since": datetime(2026, 10, 29, tzinfo=zone), "until": datetime(2026, 11, 4, tzinfo=zone)}
    days = usage(UsageQuery(**bounds, interval="day"), zone=zone)
    shifted = {**bounds, "until": bounds["until"] - timedelta(hours=1)}  # not whole days: by the hour
    assert [(row.starts_at, row.sums.calls) for row in days] == [
        (row.starts_at, row.sums.calls) for row in usage(UsageQuery(**shifted, interval="day"), zone=zone)
    ]
    found = {row.starts_at.date().isoformat(): row.sums.calls for row in days}
    assert found == {"2026-10-29": 2, "2026-10-30": 8, "2026-10-31": 8, "2026-11-01": 8, "2026-11-02": 6}


def test_a_restored_database_is_summed_up_anew():
    with connection.cursor() as cursor:
        insert(cursor, started_at=NOW, cost=3)
    rollups.roll_up()
    RollupState.objects.update(watermark=2**40)  # of a cluster that had seen more transactions
    UsageHour.objects.all().delete()
    rollups.roll_up()
    assert total(UsageQuery(**ALL), zone=ZONE).cost_nanos == 3
    assert UsageDay.objects.get().cost_nanos == 3


def test_the_command_rebuilds(capsys):
    with connection.cursor() as cursor:
        insert(cursor, started_at=NOW, cost=3)
    rollups.roll_up()
    UsageEndUserDay.objects.all().delete()
    call_command("rebuild_rollups")
    assert "1 records" in capsys.readouterr().out
    assert UsageEndUserDay.objects.get().cost_nanos == 3


@pytest.mark.parametrize(
    "asked",
    [
        {"until": ALL["since"]},
        {"since": NOW - timedelta(days=1000)},
        {"interval": "hour"},
        {"group_by": ("end_user", "feature")},
        {"group_by": ("end_user",), "since": NOW - timedelta(hours=5), "interval": "hour"},
    ],
)
def test_what_cannot_be_answered_says_so(asked):
    with pytest.raises(UnanswerableError):
        UsageQuery(**{**ALL, **asked})
