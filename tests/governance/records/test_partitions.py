"""The months that calls are kept by: made ahead, by whoever comes first; calls that came without one; months dropped."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from random import Random
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo.calls import call_id_at
from gateway.entrances.metrics_board import MetricsBoard
from gateway.entrances.readiness import Readiness
from gateway.entrances.views.probes import metrics, readiness
from governance.limits.models import LedgerEntry
from governance.limits.selectors.invariants import INVARIANTS
from governance.records.models import AuditContent, AuditRecord, ContentIndex, RecordDrop
from governance.records.selectors import bodies
from governance.records.selectors.bodies import with_words
from governance.records.selectors.calls import first_id_at
from governance.records.services.body_index import index_new_bodies
from governance.records.services.partitions import (
    MONTHS_AHEAD,
    TABLES,
    make_ahead,
    make_partitions,
    strays,
    tend,
)
from governance.reviews.models import CallReview, Feedback
from governance.usage.models import UsageDay
from governance.usage.services.retention import DropRefusedError, drop_months
from governance.usage.services.rollups import roll_up_calls
from kernel.clock import utc_now
from kernel.ids import new_id
from tests.accounts.factories import make_superuser
from tests.gateway.factories import gateway_settings, simulator, started
from tests.governance.records.factories import make_call, make_content, make_sealed_content
from tests.governance.reviews.factories import make_feedback, make_review
from tests.world import make_team_world

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["gateway_settings", "simulator"]  # fixtures

RANDOM = Random(3)
FAR = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
"""Of a month that nothing makes but these tests."""


def execute(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def partitions(table: str = "governance_auditrecord") -> set[str]:
    rows = execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", table)
    return {name.removeprefix(f"{table}_") for (name,) in rows}


def months_of(model: type, **which: object) -> list[str]:
    """The partitions in which these rows are."""
    ids = list(model.objects.filter(**which).values_list("pk", flat=True))
    table = model._meta.db_table
    rows = execute(f"SELECT tableoid::regclass::text FROM {table} WHERE call_id = ANY (%s)", ids)
    return sorted(name.removeprefix(f"{table}_") for (name,) in rows)


@pytest.fixture(autouse=True)
def only_the_usual_months() -> Iterator[None]:
    """Partitions outlive the rows of a test: those that it made go after it."""
    before = {model: partitions(model._meta.db_table) for model in TABLES}
    yield
    for model, names in before.items():
        table = model._meta.db_table
        for name in partitions(table) - names:
            execute(f"DROP TABLE {table}_{name}")
        execute(f"DELETE FROM {table}")


def call_at(moment: datetime, *, call_id: UUID | None = None) -> UUID:
    """A call of a moment, with all that is kept of what was said."""
    pk = call_id or call_id_at(moment, RANDOM)
    call = make_call(call_id=pk, started_at=moment, cost_nanos=0)
    make_content(call, "zebra")
    make_sealed_content(call)
    assert index_new_bodies(seconds=60) >= 1
    return pk


def test_months_are_there_after_migrating():
    now = utc_now()
    wanted = {f"{first:%Y_%m}" for n in range(MONTHS_AHEAD) for first in [now + timedelta(days=31 * n)]}
    for model in TABLES:
        assert {"default", *wanted} <= partitions(model._meta.db_table)
    call_at(now)
    assert [months_of(model) for model in TABLES] == [[f"{now:%Y_%m}"]] * len(TABLES)
    assert strays() == 0


@settings(max_examples=60)
@given(st.integers(1, 80_000))
def test_an_id_is_within_the_bounds_of_its_month(days):
    moment = datetime(1970, 1, 1, 7, tzinfo=UTC) + timedelta(days=days)
    month = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (month + timedelta(days=32)).replace(day=1)
    pk = call_id_at(moment, RANDOM)
    assert first_id_at(month) <= pk < first_id_at(after)
    assert execute("SELECT gatehouse_first_id(%s), gatehouse_first_id(%s)", month, after) == [
        (first_id_at(month), first_id_at(after))
    ]


def test_made_once_however_often():
    span = {"since": FAR - timedelta(days=62), "until": FAR}
    assert make_partitions(**span) == 3 * len(TABLES)
    assert make_partitions(**span) == 0
    assert {"2030_12", "2031_01", "2031_02"} <= partitions()


def test_two_processes_make_the_same_at_once():
    made: list[int] = []
    errors: list[Exception] = []
    barrier = threading.Barrier(4)

    def make() -> None:
        try:
            barrier.wait()
            made.append(make_partitions(since=FAR, until=FAR))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(made) == len(TABLES)


def test_calls_of_a_month_that_is_missing_move_to_it(caplog):
    """Nobody made it in time: calls went on, and nothing of them is lost or let go on the way."""
    first, second = call_at(FAR), call_at(FAR + timedelta(days=26))
    before = {model: list(model.objects.order_by("pk").values()) for model in TABLES}
    assert [months_of(model) for model in TABLES] == [["default", "default"]] * len(TABLES)
    assert strays() == 2
    assert tend(now=FAR) == 0
    assert [months_of(model) for model in TABLES] == [["2031_02", "2031_03"]] * len(TABLES)
    assert {model: list(model.objects.order_by("pk").values()) for model in TABLES} == before
    assert {first, second} == set(ContentIndex.objects.filter(words="zebra").values_list("pk", flat=True))
    assert not caplog.records or max(record.levelno for record in caplog.records) < logging.ERROR
    AuditContent.objects.filter(pk=first)._raw_delete("default")  # the trigger is there again
    assert set(ContentIndex.objects.values_list("pk", flat=True)) == {second}
    call_at(datetime(3000, 1, 1, tzinfo=UTC))
    assert strays() == 1  # so is the default partition


def test_calls_go_on_while_their_month_is_made():
    stopping = threading.Event()
    written: list[UUID] = []
    refused: list[Exception] = []

    def write() -> None:
        while not stopping.is_set():
            pk = call_id_at(FAR, RANDOM)
            try:
                make_call(None, None, call_id=pk)
                written.append(pk)
            except DatabaseError as error:  # tried again, as the ledger does
                refused.append(error)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while len(written) < 20:
        stopping.wait(0.01)
    make_ahead(now=FAR)
    many = len(written) + 20
    while len(written) < many:
        stopping.wait(0.01)
    stopping.set()
    for writer in writers:
        writer.join()
    make_ahead(now=FAR)
    assert set(AuditRecord.objects.values_list("pk", flat=True)) == set(written)
    assert strays() == 0
    assert len(refused) < 10


def test_ids_of_a_clock_that_was_wrong_stay_and_are_told(caplog):
    for moment in (datetime(1970, 1, 2, tzinfo=UTC), datetime(4000, 1, 1, tzinfo=UTC)):
        call_at(moment)
    call_at(FAR, call_id=UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"))  # no version 7 at all
    before = partitions()
    assert tend(now=utc_now()) == 3
    assert partitions() == before
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told.startswith("3 calls are in no month's partition")


def test_a_gateway_makes_what_is_missing_and_tells_of_what_is_in_no_month(gateway_settings):
    """However long nobody else has made any."""
    last = max(partitions() - {"default"})
    for model in TABLES:
        execute(f"DROP TABLE {model._meta.db_table}_{last}")
    call_at(datetime(4000, 1, 1, tzinfo=UTC))

    async def scenario() -> tuple[dict, str]:
        async with started() as gateway:
            found = Readiness(gateway)
            await found.look()
            answer = readiness(found, gateway)
            assert answer.status_code == 200
            board = MetricsBoard(gateway, found)
            return json.loads(answer.content), (await metrics(board, {})).content.decode()

    gateway_settings.EMBEDDED = True
    ready, counted = asyncio.run(scenario())
    assert last in partitions()
    assert ready["partitions"].startswith("1 records are in no month's partition")
    assert "gatehouse_records_without_partition 1.0" in counted


@pytest.mark.parametrize("change", ["cost_nanos = 0", "call_id = gen_random_uuid()"])
def test_no_partition_of_records_can_be_rewritten(change):
    call_at(utc_now())
    call_at(datetime(4000, 1, 1, tzinfo=UTC))
    for name in (f"{utc_now():%Y_%m}", "default"):
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"UPDATE governance_auditrecord_{name} SET {change}")


@pytest.mark.parametrize("table", ["auditcontent", "sealedcontent"])
@pytest.mark.parametrize("change", ["team_id = 7", "kept_until = now()"])
def test_no_partition_of_contents_can_be_rewritten(table, change):
    make_partitions(since=FAR, until=FAR)
    call_at(FAR)
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"UPDATE governance_{table}_2031_02 SET {change}")


def test_a_time_leads_to_its_months_alone():
    make_partitions(since=FAR, until=FAR + timedelta(days=62))
    month = AuditRecord.objects.filter(pk__gte=first_id_at(FAR), pk__lt=first_id_at(FAR + timedelta(days=20)))
    assert "governance_auditrecord_2031_02" in month.explain()
    assert "governance_auditrecord_2031_03" not in month.explain()
    assert "governance_auditrecord_2031_03" in AuditRecord.objects.all().explain()


def test_a_search_finds_the_nearest_of_all_months(monkeypatch):
    """Whatever is near by is looked at first: what is found is what a look at everything finds."""
    monkeypatch.setattr(bodies, "MAX_FOUND", 4)
    ages = (0, 3, 20, 35, 60, 100, 130, 200, 400, 700, 11_000)
    now = utc_now()
    every = sorted((call_at(now - timedelta(days=age)) for age in ages), reverse=True)
    superuser = make_superuser("root", password="only-for-tests")
    first, last = UUID(int=0), UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")

    def found(**bounds: UUID) -> list[UUID]:
        calls = with_words(AuditRecord.objects.all(), "zebra", user=superuser, **bounds)
        return sorted(calls.values_list("pk", flat=True), reverse=True)

    assert found() == every[:4]
    for bound in (first, *every, last):
        assert found(before=bound) == [pk for pk in every if pk < bound][:4]
        assert found(after=bound) == [pk for pk in every if pk > bound][-4:]
        assert found(since=bound) == [pk for pk in every if pk >= bound][:4]


# --- dropping --------------------------------------------------------------------------------------

KEPT = datetime(2025, 3, 1, tzinfo=UTC)
_, _ENTRIES = INVARIANTS["every entry is of a call on record"]


@pytest.fixture
def years() -> dict[str, UUID]:
    """Calls of three months, summed up, the last one kept; of the first, everything that can refer to it."""
    make_partitions(since=datetime(2025, 1, 1, tzinfo=UTC), until=KEPT)
    found = {
        name: call_at(datetime(2025, month, 10, tzinfo=UTC))
        for name, month in (("january", 1), ("february", 2), ("march", 3))
    }
    LedgerEntry.objects.create(call_id=found["january"], amount_nanos=0)
    team = make_team_world("Referring").team
    make_feedback(team, found["january"], helpful=True)
    make_review(team, found["january"], email="a@example.com")
    roll_up_calls()
    return found


def drop(*arguments: str) -> str:
    out = StringIO()
    call_command("drop_months", *arguments, stdout=out)
    return out.getvalue()


def test_months_are_dropped_and_what_refers_to_them_stays(years):
    summed = sum(UsageDay.objects.values_list("calls", flat=True))
    said = drop("--before", "2025-03", "--no-input")
    assert "dropped governance_auditrecord_2025_02" in said
    assert said.endswith("2 calls before 2025-03 are gone.\n")
    for model in TABLES:
        gone = {years["january"], years["february"]} & set(model.objects.values_list("pk", flat=True))
        assert gone == set(), model
        assert model.objects.filter(pk=years["march"]).exists()
        assert {"2025_01", "2025_02"} & partitions(model._meta.db_table) == set()
    assert Feedback.objects.filter(call_id=years["january"]).exists()
    assert CallReview.objects.filter(call_id=years["january"]).exists()
    assert sum(UsageDay.objects.values_list("calls", flat=True)) == summed
    assert execute(_ENTRIES) == []
    assert list(RecordDrop.objects.values_list("before", "records")) == [(KEPT, 2)]
    call_command("rebuild_rollups", stdout=StringIO())
    assert sum(UsageDay.objects.values_list("calls", flat=True)) == summed


def test_an_entry_without_a_record_after_that_month_is_still_a_breach(years):
    drop("--before", "2025-03", "--no-input")
    LedgerEntry.objects.create(call_id=new_id(), amount_nanos=0)
    assert len(execute(_ENTRIES)) == 1


def test_a_dry_run_drops_nothing(years):
    said = drop("--before", "2025-03", "--dry-run")
    assert "governance_auditrecord_2025_01" in said
    assert "2025_03" not in said
    assert said.endswith("Nothing was dropped.\n")
    assert AuditRecord.objects.filter(pk__in=years.values()).count() == 3
    assert not RecordDrop.objects.exists()


def test_a_call_without_a_month_goes_too(years):
    stray = call_at(datetime(1970, 1, 2, tzinfo=UTC))
    roll_up_calls()
    assert drop_months(before=KEPT, now=utc_now()) == 3
    assert not AuditRecord.objects.filter(pk=stray).exists()
    assert strays() == 0


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (datetime(2025, 3, 2, tzinfo=UTC), "whole months"),
        (datetime(2025, 3, 1, 1, tzinfo=UTC), "whole months"),
        (utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0), "last 31 days"),
        (datetime(2040, 1, 1, tzinfo=UTC), "last 31 days"),
    ],
)
def test_a_drop_that_is_refused(years, before, why):
    with pytest.raises(DropRefusedError, match=why):
        drop_months(before=before, now=utc_now())
    assert AuditRecord.objects.filter(pk__in=years.values()).count() == 3


def test_calls_that_are_not_summed_up_are_not_dropped(years):
    """Somebody writes while it is dropped: the sums can't have taken in what he wrote, or all that came after."""
    is_open, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            execute("SELECT pg_current_xact_id()")
            is_open.set()
            may_end.wait()
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    is_open.wait()
    call_at_once = call_id_at(datetime(2025, 1, 11, tzinfo=UTC), RANDOM)
    make_call(None, None, call_id=call_at_once)
    try:
        with pytest.raises(DropRefusedError, match="sums of usage"):
            drop_months(before=KEPT, now=utc_now())
    finally:
        may_end.set()
        writer.join()
    assert AuditRecord.objects.filter(pk=call_at_once).exists()


@pytest.mark.parametrize("text", ["2025", "2025-13", "March", "2025-03-01", ""])
def test_what_is_no_month(text):
    with pytest.raises(CommandError, match="name a month as 2026-01"):
        drop("--before", text, "--no-input")
