"""Roll-ups and rebuilds in bad company: names that are made up, restored dumps, records let go, one that is at it already."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from governance.records.models import AuditRecord
from governance.usage.models import UsageDay, UsageEndUserDay, UsageFeature, UsageQuarterHour
from governance.usage.policy import usage_limits
from governance.usage.policy.usage import UsageQuery
from governance.usage.selectors.usage import total
from governance.usage.services import rollups
from tests.governance.limits.test_ledger import conninfo
from tests.governance.usage.test_rollups import ALL, MIDNIGHT, NOW, ZONE, insert, read, restore

pytestmark = pytest.mark.django_db(transaction=True)


def made(**columns) -> None:
    with connection.cursor() as cursor:
        insert(cursor, **{"started_at": NOW, "cost": 1, **columns})


def sums() -> dict:
    return {
        model.__name__: sum(model.objects.values_list("calls", flat=True))
        for model in (UsageQuarterHour, UsageDay, UsageEndUserDay)
    }


def test_models_that_callers_make_up_are_no_models():
    for number in range(3):
        made(requested_model=f"{number}" * 300, status="refused")
    made(requested_model="alias", route="claude")
    for after in (lambda: None, rollups.roll_up_calls):
        after()
        assert read(group_by=("route",)) == {(None, ""): [3, 3], (None, "claude"): [1, 1]}


def test_features_and_end_users_beyond_the_most_are_others_before_a_roll_up_too(monkeypatch):
    monkeypatch.setattr(usage_limits, "MAX_FEATURES", 3)
    monkeypatch.setattr(usage_limits, "MAX_END_USERS", 4)
    for part in range(3):
        for number in range(6):
            made(
                feature=f"f{(number * 5) % 6 + part}",
                end_user=f"u{part}{number}" if number else "",
                started_at=NOW - timedelta(minutes=number),
            )
        before = read(group_by=("feature",)), read(group_by=("end_user",)), read(filters={"feature": "f3"})
        rollups.roll_up_calls()
        assert (
            read(group_by=("feature",)),
            read(group_by=("end_user",)),
            read(filters={"feature": "f3"}),
        ) == before
        assert len(before[0]) == 4
        assert len(before[1]) == 4 + 2
        assert before[1][None, ""] == [part + 1, part + 1]


def test_a_restored_database_is_in_the_sums():
    for _ in range(5):
        made()
    rollups.roll_up_calls()
    restore()
    assert sums() == {"UsageQuarterHour": 5, "UsageDay": 5, "UsageEndUserDay": 5}
    made()
    rollups.roll_up_calls()
    assert set(sums().values()) == {6}
    assert total(UsageQuery(**ALL), zone=ZONE).calls == 6


def test_records_of_a_restored_database_are_not_rewritten_otherwise():
    made()
    number = AuditRecord.objects.get().xact_id
    with connection.cursor() as cursor:
        for change in ("xact_id = 0", "xact_id = xact_id + 1", "cost_nanos = 0, xact_id = 0"):
            with pytest.raises(DatabaseError, match="append-only"):
                cursor.execute(f"UPDATE governance_auditrecord SET {change}")
    assert AuditRecord.objects.get().xact_id == number


def let_go(**columns) -> None:
    AuditRecord.objects.filter(**columns).delete()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_sums_of_records_that_were_let_go_stay(zone, settings):
    for day in range(4):
        for hour in (2, 20):
            made(
                started_at=MIDNIGHT - timedelta(days=day) + timedelta(hours=hour),
                feature=f"f{day}",
                end_user=f"u{day}",
            )
    rollups.roll_up_calls()
    made(
        started_at=MIDNIGHT - timedelta(days=1), feature="late"
    )  # of a day that is partly let go, and not summed up
    let_go(started_at__lt=MIDNIGHT - timedelta(days=1) + timedelta(hours=10), feature__startswith="f")
    settings.TIME_ZONE = zone
    rollups.rebuild()
    people = 9 if zone == "UTC" else 7  # days of end users can't be cut anew
    assert sums() == {"UsageQuarterHour": 9, "UsageDay": 9, "UsageEndUserDay": people}
    home = ZoneInfo(zone)
    assert read(zone=home, group_by=("feature",)).keys() == {(None, f"f{n}") for n in range(4)} | {
        (None, "late")
    }
    assert UsageFeature.objects.count() == 5
    days = read(zone=home, interval="day")
    assert {moment.date().day: figures[0] for (moment,), figures in days.items()} == (
        {18: 2, 19: 2, 20: 3, 21: 2} if zone == "UTC" else {18: 1, 19: 2, 20: 3, 21: 2, 22: 1}
    )


def test_without_records_all_sums_stay_unless_told(capsys):
    made()
    rollups.roll_up_calls()
    let_go()
    rollups.rebuild()
    assert set(sums().values()) == {1}
    call_command("rebuild_rollups", "--from-scratch")
    assert set(sums().values()) == {0}
    assert "0 records" in capsys.readouterr().out


@pytest.mark.parametrize("is_another_zone", [False, True], ids=["roll-up", "rebuild"])
def test_nobody_waits_for_a_rebuild(is_another_zone, settings):
    made()
    rollups.roll_up_calls()
    made()
    if is_another_zone:
        settings.TIME_ZONE = "Asia/Kolkata"
    with psycopg.connect(conninfo()) as other, connection.cursor() as cursor:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('gatehouse usage'))")
        other.execute("SELECT gatehouse_rebuild_usage('UTC', 10, 10, false)")
        cursor.execute("SET lock_timeout = '2s'")
        try:
            assert rollups.roll_up_calls() == 0
            assert total(UsageQuery(**ALL), zone=ZONE).calls == 2
        finally:
            cursor.execute("RESET lock_timeout")
    assert rollups.roll_up_calls() >= 1 or not is_another_zone
    assert total(UsageQuery(**ALL), zone=ZONE).calls == 2
