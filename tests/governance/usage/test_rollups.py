"""Usage is the sum over the records and corrections, whenever it is read and whatever runs meanwhile."""

import json
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from governance.limits.models import LedgerEntry
from governance.records.models import AuditRecord, CallStatus
from governance.usage.models import RollupState, UsageDay, UsageEndUserDay, UsageQuarterHour
from governance.usage.policy import usage_limits
from governance.usage.policy.usage import UnanswerableError, UsageQuery
from governance.usage.selectors.usage import total, usage_rows
from governance.usage.services import rollups
from kernel.ids import new_id
from tests.governance.limits.test_ledger import conninfo, record

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
MIDNIGHT = NOW.replace(hour=0, minute=0)
ALL = {"since": MIDNIGHT - timedelta(days=40), "until": MIDNIGHT + timedelta(days=2)}


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


def read(*, zone=ZONE, **asked) -> dict:
    rows = usage_rows(UsageQuery(**ALL | asked), zone=zone)
    return {(row.starts_at, *row.key): [row.sums.calls, row.sums.cost_nanos] for row in rows}


def clean() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE governance_auditrecord, governance_ledgerentry, governance_usagequarterhour, governance_usageday, "
                       "governance_usageenduserday, governance_usagepromptday, governance_usagefeature, governance_rollupstate")  # fmt: skip


ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham")
WRITERS = st.integers(0, 2)
MINUTES = st.one_of(
    st.integers(0, 40 * 24 * 60),
    # near where days of those zones begin, and the ends of the range below
    st.builds(
        lambda day, minute, off: day * 24 * 60 + minute + off,
        st.integers(0, 3),
        st.sampled_from((0, 60, 315, 330, 345, 630, 660, 675, 885, 975, 1230, 1260)),
        st.sampled_from((-20, -5, 0, 5, 20)),
    ).map(abs),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("insert"), WRITERS, st.integers(0, 50), MINUTES,
            st.sampled_from(("", "a", "b", "c")), st.sampled_from(("", "x", "y", "z")), st.sampled_from(CallStatus.values),
        ),
        st.tuples(st.just("correct"), WRITERS, st.integers(-5, 9), st.integers(0, 30)),
        st.tuples(st.sampled_from(("commit", "rollback")), WRITERS),
        st.tuples(st.sampled_from(("roll up", "rebuild", "rebuild from scratch", "restore"))),
    ),
    max_size=40,
)  # fmt: skip


def apply(step, writers) -> None:
    what, *rest = step
    match what, rest:
        case "insert", (which, cost, minutes, feature, end_user, status):
            started_at = MIDNIGHT + timedelta(days=1) - timedelta(minutes=minutes)
            with writers[which].cursor() as cursor:
                insert(cursor, started_at=started_at, cost=cost, feature=feature, end_user=end_user, status=status,
                       requested_model="m" * (minutes % 300), team_id=minutes % 2 or None,
                       prompt_name=feature + end_user, cache_saved_nanos=cost - 20)  # fmt: skip
        case "correct", (which, amount, place):
            calls = list(AuditRecord.objects.order_by("call_id").values_list("call_id", flat=True))
            if calls:
                body = [{"call_id": str(calls[place % len(calls)]), "amount_nanos": amount, "note": ""}]
                writers[which].execute("SELECT gatehouse_correct(%s)", [json.dumps(body)])
        case (("commit" | "rollback"), (which,)):
            getattr(writers[which], what)()
        case "roll up", ():
            rollups.roll_up_calls()
        case "rebuild", ():
            rollups.rebuild()
        case "rebuild from scratch", ():
            rollups.rebuild(from_scratch=True)
        case "restore", ():
            for writer in writers:  # a cluster is not restored under its writers
                writer.rollback()
            restore()


def restore() -> None:
    """As a dump looks in a cluster that has seen fewer transactions: numbers from the future, and the mark too."""
    tables = ("governance_auditrecord", "governance_ledgerentry")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            cursor.execute(f"UPDATE {table} SET xact_id = xact_id + 1000000000")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
        cursor.execute("UPDATE governance_rollupstate SET watermark = watermark + 1000000000")
    rollups.roll_up_calls()


@pytest.mark.slow
@example(
    steps=[("insert", 0, 5, 315, "a", "x", "succeeded"), ("commit", 0), ("roll up",)],
    zone="Asia/Kolkata", home="UTC",
)  # fmt: skip
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, zone=st.sampled_from(ZONES), home=st.sampled_from(ZONES))
def test_reading_is_exact_whatever_has_been_committed_when(steps, zone, home):
    """Three writers with transactions of their own, beside roll-ups and rebuilds, read in any time zone."""
    clean()
    writers = [psycopg.connect(conninfo()) for _ in range(3)]
    zone = ZoneInfo(zone)
    try:
        with override_settings(TIME_ZONE=home):
            for step in steps:
                apply(step, writers)
                assert read(group_by=("feature",)) == by_records(key=lambda row: (None, row.feature))
                assert_in_zone(zone)
            assert read(group_by=("route",)) == by_records(key=lambda row: (None, row.route))
            assert read(group_by=("team", "model")) == by_records(
                key=lambda row: (None, row.team_id or 0, row.model)
            )
            assert_end_users(ZoneInfo(home))
    finally:
        for writer in writers:
            writer.close()


def assert_in_zone(zone: ZoneInfo) -> None:
    """Days of a zone, and a range of it that begins and ends within a day."""
    assert read(zone=zone, interval="day") == by_records(
        key=lambda row: (datetime.combine(row.started_at.astimezone(zone), time(), tzinfo=zone),)
    )
    since, until = MIDNIGHT - timedelta(days=3, minutes=15), MIDNIGHT + timedelta(hours=7, minutes=45)
    of_range = by_records(key=lambda row: since <= row.started_at < until).get(True, [0, 0])
    found = total(UsageQuery(since=since, until=until), zone=zone)
    assert [found.calls, found.cost_nanos] == of_range


def assert_end_users(home: ZoneInfo) -> None:
    bounds = {
        "since": datetime.combine(MIDNIGHT - timedelta(days=42), time(), tzinfo=home),
        "until": datetime.combine(MIDNIGHT + timedelta(days=3), time(), tzinfo=home),
    }
    assert read(zone=home, group_by=("end_user",), **bounds) == by_records(
        key=lambda row: (None, row.end_user)
    )
    assert read(zone=home, group_by=("prompt",), **bounds) == by_records(
        key=lambda row: (None, row.prompt_name)
    )
    saved: dict = defaultdict(int)
    for row in AuditRecord.objects.all():
        saved[row.prompt_name] += row.cache_saved_nanos
    for group in ("prompt", "feature"):
        rows = usage_rows(UsageQuery(**bounds, group_by=(group,)), zone=home)
        assert sum(row.sums.cache_saved_nanos for row in rows) == sum(saved.values())
        if group == "prompt":
            assert {row.key[0]: row.sums.cache_saved_nanos for row in rows} == saved


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
    for after in (lambda: None, rollups.roll_up_calls, rollups.rebuild):
        after()
        sums = total(UsageQuery(**ALL), zone=ZONE)
        assert (sums.calls, sums.succeeded, sums.failed, sums.cancelled, sums.refused) == (5, 1, 2, 1, 1)
        assert (sums.cost_nanos, sums.failed_cost_nanos, sums.cancelled_cost_nanos) == (14, 7, 2)
        assert (sums.input_tokens, sums.mean_ms) == (50, 2.5)


def test_features_and_end_users_are_told_apart_up_to_a_number(monkeypatch):
    monkeypatch.setattr(usage_limits, "MAX_FEATURES", 3)
    monkeypatch.setattr(usage_limits, "MAX_END_USERS", 4)
    for part in range(2):
        with connection.cursor() as cursor:
            for number in range(6):
                insert(
                    cursor, feature=f"f{part}{number}", end_user=f"u{part}{number}", started_at=NOW, cost=1
                )
        rollups.roll_up_calls()
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
    rollups.roll_up_calls()
    bounds = {"since": datetime(2026, 10, 29, tzinfo=zone), "until": datetime(2026, 11, 4, tzinfo=zone)}
    days = usage_rows(UsageQuery(**bounds, interval="day"), zone=zone)
    shifted = {**bounds, "until": bounds["until"] - timedelta(hours=1)}  # not whole days: by the hour
    assert [(row.starts_at, row.sums.calls) for row in days] == [
        (row.starts_at, row.sums.calls)
        for row in usage_rows(UsageQuery(**shifted, interval="day"), zone=zone)
    ]
    found = {row.starts_at.date().isoformat(): row.sums.calls for row in days}
    assert found == {"2026-10-29": 2, "2026-10-30": 8, "2026-10-31": 8, "2026-11-01": 8, "2026-11-02": 6}


def test_a_restored_database_is_summed_up_anew():
    with connection.cursor() as cursor:
        insert(cursor, started_at=NOW, cost=3)
    rollups.roll_up_calls()
    RollupState.objects.update(watermark=2**40)  # of a cluster that had seen more transactions
    UsageQuarterHour.objects.all().delete()
    rollups.roll_up_calls()
    assert total(UsageQuery(**ALL), zone=ZONE).cost_nanos == 3
    assert UsageDay.objects.get().cost_nanos == 3


def test_the_command_rebuilds(capsys):
    with connection.cursor() as cursor:
        insert(cursor, started_at=NOW, cost=3)
    rollups.roll_up_calls()
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
