"""The ledger against a real Postgres: exact under any concurrency, whatever is sent twice, late or never."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from governance.limits.models import Budget, BudgetWindow, Hold, LedgerEntry
from governance.limits.policy.windows import window_of
from governance.limits.services import ledger as ledger_module
from governance.limits.services.ledger import HoldRequest, Ledger, LedgerUnavailableError, Settlement
from governance.limits.services.ledger_repair import expire_due_holds
from governance.records.models import AuditRecord, CallStatus
from kernel import clock
from kernel.ids import new_id
from kernel.postgres_pool import PostgresPool
from kernel.upkeep import Upkeep
from tests.accounts.factories import make_team
from tests.governance.limits.factories import make_budget
from tests.governance.limits.invariants import assert_sound

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def execute(query: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def conninfo() -> str:
    parameters = connection.get_connection_params()
    known = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if parameters.get(name)
    }
    return psycopg.conninfo.make_conninfo(**known)


def record(call_id: UUID, *, cost: int = 0, status: str = "succeeded", **columns) -> dict:
    blank = {
        field.attname: ""
        for field in AuditRecord._meta.fields
        if field.get_internal_type() in ("CharField", "TextField")
    }
    numbers = {
        field.attname: 0
        for field in AuditRecord._meta.fields
        if field.get_internal_type()
        in ("IntegerField", "BigIntegerField", "PositiveSmallIntegerField", "FloatField")
        and field.attname != "xact_id"
    }
    return {
        **blank, **numbers, "call_id": call_id, "started_at": NOW, "wire_format": "openai", "is_stream": False,
        "status": status, "http_status": 200, "cost_nanos": cost, "reserved_nanos": cost, "is_estimated": False, "stages": [], "findings": {},
        "is_demo": False, **columns,
    }  # fmt: skip


def hold(
    budget: Budget | None,
    amount: int,
    *,
    least: int | None = None,
    call_id: UUID | None = None,
    seconds: float = 600,
) -> HoldRequest:
    windows = ()
    if budget is not None:
        windows = (window_of(budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=NOW),)
    identity = call_id or new_id()
    admission = {
        name: value
        for name, value in record(identity).items()
        if name not in ("call_id", "started_at", "status")
    }
    return HoldRequest(
        call_id=identity,
        amount_nanos=amount,
        least_nanos=amount if least is None else least,
        windows=windows,
        started_at=NOW,
        lifetime_seconds=seconds,
        record=admission,
    )


class Ledgers:
    """Several processes' worth of ledgers, on pools of their own."""

    def __init__(self) -> None:
        self._pools: list[PostgresPool] = []
        self._upkeep: list[Upkeep] = []

    async def open(self) -> Ledger:
        pool = PostgresPool(conninfo(), min_size=1, max_size=3, timeout=5)
        await pool.open(wait=True)
        self._pools.append(pool)
        ledger = Ledger(pool, instance_id=new_id())
        self._upkeep.append(Upkeep())
        await ledger.start(self._upkeep[-1])
        return ledger

    async def close(self) -> None:
        for upkeep in self._upkeep:
            await upkeep.stop()
        for pool in self._pools:
            await pool.close()


def run(scenario) -> None:
    """Runs a scenario with two ledgers; when it is over, what they hold is let go."""

    async def body() -> None:
        ledgers = Ledgers()
        opened: list[Ledger] = []
        try:
            opened = [await ledgers.open(), await ledgers.open()]
            await scenario(*opened)
        finally:
            for ledger in opened:
                await ledger.stop(timeout_seconds=5)
            await ledgers.close()

    asyncio.run(body())


def test_what_fits_is_admitted_in_order_and_the_rest_is_told_what_is_left():
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        first = ledger.reserve(hold(limited, 1))
        rest = [ledger.reserve(hold(limited, amount)) for amount in (600, 500, 399, 1)]
        answers = [(a.admitted, a.remaining_nanos) for a in await asyncio.gather(first, *rest)]
        assert answers == [(True, None), (True, None), (False, 399), (True, None), (False, 0)]

    run(scenario)
    assert BudgetWindow.objects.get().reserved_nanos == 1000
    assert_sound(execute)


def test_a_settlement_sent_twice_posts_once():
    limited = make_budget(make_team(), limit_nanos=1000)
    call_id = new_id()

    async def scenario(ledger: Ledger, other: Ledger) -> None:
        await ledger.reserve(hold(limited, 500, call_id=call_id))
        settlement = Settlement(
            record(call_id, cost=123), {"call_id": call_id, "request": "{}", "answer": ""}
        )
        await asyncio.gather(ledger.settle(settlement), other.settle(settlement), other.settle(settlement))

    run(scenario)
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (123, 0)
    assert LedgerEntry.objects.get().amount_nanos == 123
    assert AuditRecord.objects.count() == 1
    assert_sound(execute)


def test_a_refused_call_is_on_record_and_releases():
    limited = make_budget(make_team(), limit_nanos=1000)
    call_id = new_id()

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(hold(limited, 500, call_id=call_id))
        await ledger.settle(Settlement(record(call_id, status="refused", code="upstream_error"), None))

    run(scenario)
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (0, 0)
    assert not LedgerEntry.objects.exclude(amount_nanos=0).exists()


def test_an_item_that_postgres_refuses_fails_alone():
    async def scenario(ledger: Ledger, _: Ledger) -> None:
        first = ledger.settle(Settlement(record(new_id()), None))
        good = [new_id() for _ in range(3)]
        futures = [ledger.settle(Settlement(record(identity), None)) for identity in good]
        bad = ledger.settle(Settlement(record(new_id(), route="x" * 500), None))
        await asyncio.gather(first, *futures)
        with pytest.raises(psycopg.DataError):
            await bad

    run(scenario)
    assert AuditRecord.objects.count() == 4


@pytest.mark.parametrize(("noted", "charged"), [([120], 120), ([120, 180], 180), ([900], 500), ([-7], 0)])
def test_a_stream_whose_process_died_is_charged_what_it_was_noted_to_have_come_to(noted, charged):
    limited = make_budget(make_team(), limit_nanos=1000)
    call_id = new_id()

    async def leave(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(hold(limited, 500, call_id=call_id, seconds=-1))
        for cost in noted:
            ledger.note_progress(call_id, {"cost_nanos": cost, "output_tokens": 7, "model": "a-model"})
            ledger.note_progress(new_id(), {"cost_nanos": 1})  # which is no hold
            await ledger._progress.drain()

    run(leave)
    assert expire_due_holds() == 1
    expired = AuditRecord.objects.get()
    assert (expired.status, expired.cost_nanos, expired.reserved_nanos) == (CallStatus.EXPIRED, charged, 500)
    assert (expired.is_estimated, expired.output_tokens, expired.model) == (True, 7, "a-model")
    assert LedgerEntry.objects.values_list("kind", "amount_nanos").get() == ("expiry", charged)
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (charged, 0)
    assert_sound(execute)


def test_progress_is_noted_of_no_call_that_is_being_ended():
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, other: Ledger) -> None:
        calls = [new_id() for _ in range(20)]
        await asyncio.gather(*(ledger.reserve(hold(limited, 10, call_id=call_id)) for call_id in calls))
        endings = []
        for call_id in calls:
            for each in reversed(calls):
                other.note_progress(each, {"cost_nanos": 5})
            endings.append(ledger.settle(Settlement(record(call_id, cost=3, reserved_nanos=10), None)))
            await asyncio.sleep(0)
        await asyncio.gather(*endings)
        await other._progress.drain()

    run(scenario)
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (60, 0)
    assert_sound(execute)


def test_a_process_that_is_heard_of_again_at_the_second_look_keeps_its_holds(monkeypatch):
    """As after an outage of Postgres, in which nobody could be heard of."""
    limited = make_budget(make_team(), limit_nanos=1000)
    heard_of = "UPDATE governance_gatewayinstance SET heartbeat_at = now() RETURNING 1"

    async def leave(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(hold(limited, 500))

    run(leave)
    execute("UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' RETURNING 1")
    with monkeypatch.context() as patched:
        patched.setattr("governance.limits.services.ledger_repair.time.sleep", lambda _: execute(heard_of))
        assert expire_due_holds(second_look_seconds=1) == 0
    execute("UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' RETURNING 1")
    assert expire_due_holds(second_look_seconds=0.01) == 1


@pytest.mark.parametrize("why", ["its time is over", "its process is gone"])
def test_a_hold_left_behind_expires_in_full_and_is_corrected_should_its_call_come_back(why):
    limited = make_budget(make_team(), limit_nanos=1000)
    call_id = new_id()

    async def leave(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(hold(limited, 500, call_id=call_id, seconds=-1 if "time" in why else 600))

    run(leave)
    if "process" in why:
        assert expire_due_holds() == 0
        execute("UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour' RETURNING 1")
    assert expire_due_holds() == 1
    assert expire_due_holds() == 0
    expired = AuditRecord.objects.get()
    assert (expired.status, expired.cost_nanos, expired.is_estimated) == (CallStatus.EXPIRED, 500, True)
    assert LedgerEntry.objects.values_list("kind", "amount_nanos", "is_estimated").get() == (
        "expiry",
        500,
        True,
    )
    assert_sound(execute)

    async def come_back(ledger: Ledger, _: Ledger) -> None:
        for _ in range(2):
            await ledger.settle(Settlement(record(call_id, cost=120), None))

    run(come_back)
    assert sorted(LedgerEntry.objects.values_list("kind", "amount_nanos")) == [
        ("correction", -380),
        ("expiry", 500),
    ]
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (120, 0)
    assert_sound(execute)


def test_a_lowered_limit_refuses_new_calls_and_breaks_nothing():
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        request = hold(limited, 600)
        assert (await ledger.reserve(request)).admitted
        with psycopg.connect(conninfo(), autocommit=True) as admin:
            admin.execute("UPDATE governance_budget SET limit_nanos = 100")
        refused = await ledger.reserve(hold(limited, 1))
        assert (refused.admitted, refused.remaining_nanos) == (False, -500)
        await ledger.settle(Settlement(record(request.call_id, cost=600), None))

    run(scenario)
    assert BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get() == (600, 0)


def test_a_call_without_a_budget_is_held_and_recorded_all_the_same():
    async def scenario(ledger: Ledger, _: Ledger) -> None:
        request = hold(None, 700)
        assert (await ledger.reserve(request)).admitted
        await ledger.settle(Settlement(record(request.call_id, cost=50), None))

    run(scenario)
    assert not Hold.objects.exists()
    assert LedgerEntry.objects.get().window_ids == []
    assert_sound(execute)


def test_records_and_postings_are_never_rewritten():
    async def scenario(ledger: Ledger, _: Ledger) -> None:
        call_id = new_id()
        content = {"call_id": call_id, "team_id": 1, "request": "{}", "answer": "[]", "kept_until": None}
        await ledger.settle(Settlement(record(call_id, cost=5), content))

    run(scenario)
    columns = {
        "auditrecord": "cost_nanos = 0",
        "auditcontent": "answer = ''",
        "ledgerentry": "amount_nanos = 0",
    }
    for table, change in columns.items():
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"UPDATE governance_{table} SET {change}")


calls = st.lists(
    st.tuples(
        st.integers(1, 300),
        st.integers(0, 300),
        st.sampled_from(["settle", "settle twice", "refuse", "leave"]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls, st.integers(0, 2000))
def test_no_run_of_calls_breaks_an_invariant(given_calls, limit):
    """Random amounts, costs and endings, all at once on two ledgers that share two budgets."""
    for model in (Hold, BudgetWindow, Budget, Team):
        model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE governance_ledgerentry, governance_auditrecord")
    budgets = [
        make_budget(make_team("A"), limit_nanos=limit),
        make_budget(make_team("B"), limit_nanos=limit * 2),
    ]

    async def one(ledger: Ledger, other: Ledger, amount: int, cost: int, ending: str, which: int) -> None:
        request = hold(budgets[which], amount, seconds=-1 if ending == "leave" else 600)
        admission = await ledger.reserve(request)
        if not admission.admitted or ending == "refuse":
            await other.settle(Settlement(record(request.call_id, status="refused"), None))
        elif ending != "leave":
            settlement = Settlement(record(request.call_id, cost=min(cost, amount)), None)
            await asyncio.gather(
                *(each.settle(settlement) for each in (ledger, other)[: 1 + ("twice" in ending)])
            )

    async def scenario(first: Ledger, second: Ledger) -> None:
        await asyncio.gather(
            *(
                one(*((first, second) if n % 2 else (second, first)), *call)
                for n, call in enumerate(given_calls)
            )
        )

    run(scenario)
    assert_sound(execute)
    expire_due_holds()
    assert_sound(execute)
    assert not Hold.objects.exists()
    assert AuditRecord.objects.count() == len(given_calls)


def test_sessions_that_are_ended_refuse_no_call_and_settlements_wait():
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        request = hold(limited, 100)
        await ledger.reserve(request)
        with psycopg.connect(conninfo(), autocommit=True) as admin:
            (name,) = admin.execute("SELECT current_database()").fetchone()
            others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            admin.execute(others, (name,))
            results = await asyncio.gather(*(ledger.reserve(hold(limited, 1)) for _ in range(3)))
            assert all(result.admitted for result in results)
            admin.execute(others, (name,))
            await asyncio.wait_for(ledger.settle(Settlement(record(request.call_id, cost=70), None)), 10)

    run(scenario)
    connection.close()
    assert BudgetWindow.objects.get().spent_nanos == 70


class Losing(PostgresPool):
    """Loses the connection behind so many blocks, once Postgres has done what was asked."""

    def __init__(self, pool: PostgresPool, *, blocks: int) -> None:
        self._inner, self.left = pool, blocks

    @asynccontextmanager
    async def connection(self, seconds=None):
        async with self._inner.connection(seconds) as connection:
            yield connection
            if self.left:
                self.left -= 1
                raise psycopg.OperationalError("the connection is lost")


@pytest.mark.parametrize("lost", [1, 3])
def test_a_reserve_whose_answer_is_lost_holds_once(lost):
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        ledger._pool = Losing(ledger._pool, blocks=lost)
        assert (await ledger.reserve(hold(limited, 700))).admitted
        assert not (await ledger.reserve(hold(limited, 700))).admitted
        assert ledger._pool.left == 0

    run(scenario)
    connection.close()
    assert BudgetWindow.objects.get().reserved_nanos == 700
    assert_sound(execute)


def test_where_postgres_stays_away_nothing_is_admitted(monkeypatch):
    monkeypatch.setattr(ledger_module, "_PATIENCE_SECONDS", 0.3)
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        ledger._pool = Losing(ledger._pool, blocks=1_000)
        for _ in range(2):
            with pytest.raises(LedgerUnavailableError):
                await ledger.reserve(hold(limited, 1))
        ledger._pool.left = 0
        assert (await ledger.reserve(hold(limited, 1))).admitted

    run(scenario)


def test_a_clock_that_is_wrong_moves_no_period(monkeypatch):
    """Time is Postgres', counted on monotonically: what the host's clock says meanwhile is not asked."""
    moments, ids = [], []

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2099, 1, 1, tzinfo=UTC)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        monkeypatch.setattr(clock, "datetime", Wrong)
        await ledger._beat()
        moments.append(clock.utc_now())
        ids.extend((new_id(), new_id()))
        assert clock.skew_seconds() > 10**9
        monkeypatch.undo()

    run(scenario)
    (now,) = execute("SELECT clock_timestamp()")[0]
    moments.extend(datetime.fromtimestamp((each.int >> 80) / 1000, UTC) for each in ids)
    assert all(abs((now - moment).total_seconds()) < 30 for moment in moments)
    assert len(set(ids)) == 2


def test_a_hold_is_whole_where_it_is_a_tenth_of_what_is_left_else_that_tenth_or_its_least():
    limited = make_budget(make_team(), limit_nanos=1000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        asked = [
            hold(limited, amount, least=least)
            for amount, least in ((80, 10), (500, 10), (500, 300), (500, 900))
        ]
        answers = [await ledger.reserve(request) for request in asked]
        # Left: 1000, then 920, then 828, then 528.
        assert [answer.held_nanos for answer in answers] == [80, 92, 300, 0]
        assert not answers[3].admitted
        free = await ledger.reserve(hold(None, 700, least=5))
        assert free.held_nanos == 700  # no budget, nothing to be careful of

    run(scenario)
    assert BudgetWindow.objects.get().reserved_nanos == 472
    assert_sound(execute)


def test_a_hold_grows_by_what_is_left_and_no_more():
    limited = make_budget(make_team(), limit_nanos=1000)
    first, second = new_id(), new_id()

    async def scenario(ledger: Ledger, other: Ledger) -> None:
        await ledger.reserve(hold(limited, 600, least=600, call_id=first))
        await other.reserve(hold(limited, 100, least=100, call_id=second))
        more = await asyncio.gather(
            ledger.extend(first, 200), other.extend(second, 200), ledger.extend(new_id(), 5)
        )
        assert sorted(more[:2]) == [100, 200]
        assert more[2] == 0  # of no hold
        assert await ledger.extend(first, 50) == 0
        await other.settle(Settlement(record(second, cost=40, reserved_nanos=100 + more[1]), None))
        assert await ledger.extend(first, 2000) == 60 + more[1]  # all that the other one gave back

    run(scenario)
    window = BudgetWindow.objects.get()
    assert (window.spent_nanos, window.reserved_nanos) == (40, 960)
    assert_sound(execute)
