"""The ledger's functions in Postgres against a model of a few lines, whatever is done in whatever order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Team
from governance.limits.models import Budget, BudgetWindow
from governance.limits.policy.scopes import MAX_SUBJECTS, OTHER
from kernel.ids import new_id
from tests.governance.limits.factories import make_budget, make_grant
from tests.governance.limits.invariants import assert_sound
from tests.governance.limits.test_ledger import NOW, execute, record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
TABLES = (
    "auditrecord",
    "auditcontent",
    "ledgerentry",
    "hold",
    "budgetwindow",
    "grant",
    "budget",
    "gatewayinstance",
)
SUBJECTS = st.sampled_from(("", "ann", "bob"))


@dataclass
class Limit:
    """The model of a budget: a number, and two sums a subject."""

    row: Budget
    limit: int
    granted: int = 0
    spent: dict[str, int] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)

    def fits(self, subject: str, amount: int) -> bool:
        if not self.row.is_hard:
            return True
        used = self.spent.get(subject, 0) + self.reserved.get(subject, 0)
        return used + amount <= self.limit + self.granted


def add(sums: dict[str, int], subject: str, amount: int) -> None:
    sums[subject] = sums.get(subject, 0) + amount


@dataclass
class Call:
    id: UUID
    instance: UUID
    amount: int
    falls_under: list[tuple[Limit, str]]
    charged: int = 0
    noted: int | None = None


class LedgerMachine(RuleBasedStateMachine):
    held = Bundle("held")
    ended = Bundle("ended")

    @initialize(limits=st.lists(st.tuples(st.integers(1, 300), st.booleans()), min_size=1, max_size=4))
    def begin(self, limits):
        execute_all("TRUNCATE " + ", ".join(f"governance_{name}" for name in TABLES) + " CASCADE")
        Team.objects.all().delete()
        self.limits = [
            Limit(make_budget(name=f"b{n}", feature=f"f{n}", limit_nanos=limit, is_hard=hard), limit)
            for n, (limit, hard) in enumerate(limits)
        ]

    @rule(
        target=held,
        batch=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 15), SUBJECTS), min_size=1, max_size=5),
    )
    def reserve(self, batch):
        instance = new_id()
        calls = [
            Call(
                new_id(),
                instance,
                amount,
                [(limit, subject) for n, limit in enumerate(self.limits) if which >> n & 1],
            )
            for amount, which, subject in batch
        ]
        expected = []
        for call in calls:
            fits = all(limit.fits(subject, call.amount) for limit, subject in call.falls_under)
            if fits:
                for limit, subject in call.falls_under:
                    add(limit.reserved, subject, call.amount)
            expected.append(fits)
        assert reserve(calls) == expected
        return Several([call for call, fits in zip(calls, expected, strict=True) if fits])

    @rule(target=ended, several=consumes(held), share=st.floats(0, 1), again=st.booleans())
    def settle(self, several, share, again):
        for call in several.calls:
            call.charged = int(call.amount * share)
            for limit, subject in call.falls_under:
                add(limit.reserved, subject, -call.amount)
                add(limit.spent, subject, call.charged)
        settle(several.calls)
        if again:
            settle(several.calls)
        return several

    @rule(several=held, cost=st.integers(0, 200))
    def note_progress(self, several, cost):
        """Their streams go on; what is noted may be more than what is held."""
        notes = [{"call_id": str(call.id), "progress": {"cost_nanos": cost}} for call in several.calls]
        execute_all("SELECT gatehouse_note_progress(%s)", orjson.dumps(notes).decode())
        for call in several.calls:
            call.noted = cost

    @rule(target=ended, several=consumes(held), comes_back=st.booleans(), share=st.floats(0, 1))
    def die(self, several, comes_back, share):
        """Their process dies, and its holds expire; it may have been asleep, and settle after all."""
        if not several.calls:
            return several
        execute_all(
            "UPDATE governance_hold SET expires_at = now() - interval '1 second' WHERE instance_id = %s",
            several.calls[0].instance,
        )
        execute("SELECT * FROM gatehouse_expire(1e9, 100)")
        for call in several.calls:
            left = call.amount if call.noted is None else min(call.amount, call.noted)
            call.charged = int(call.amount * share) if comes_back else left
            for limit, subject in call.falls_under:
                add(limit.reserved, subject, -call.amount)
                add(limit.spent, subject, call.charged)
        if comes_back:
            settle(several.calls)
        return several

    @rule(several=ended, change=st.integers(-20, 20))
    def correct(self, several, change):
        known = [
            call for call in several.calls if call.charged
        ]  # of the others no entry says where they belong
        body = [
            {"call_id": str(c.id), "amount_nanos": max(change, -c.charged), "note": "a test"} for c in known
        ]
        execute_all("SELECT gatehouse_correct(%s)", orjson.dumps(body).decode())
        for call, item in zip(known, body, strict=True):
            call.charged += item["amount_nanos"]
            for limit, subject in call.falls_under:
                add(limit.spent, subject, item["amount_nanos"])

    @rule(which=st.integers(0, 3), limit=st.integers(1, 400))
    def change_the_limit(self, which, limit):
        """Also below what is spent: then nothing more gets in."""
        found = self.limits[which % len(self.limits)]
        found.limit = limit
        Budget.objects.filter(pk=found.row.pk).update(limit_nanos=limit)

    @rule(which=st.integers(0, 3), amount=st.integers(1, 100), is_over=st.booleans())
    def grant(self, which, amount, is_over):
        found = self.limits[which % len(self.limits)]
        past, future = datetime(2026, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
        end = datetime(2026, 1, 2, tzinfo=UTC) if is_over else future
        make_grant(found.row, amount=amount, starts_at=past, ends_at=end)
        found.granted += 0 if is_over else amount

    @invariant()
    def windows_are_as_the_model_says(self):
        for limit in getattr(self, "limits", ()):
            rows = {w.subject: w for w in BudgetWindow.objects.filter(budget=limit.row)}
            for subject in {*rows, *limit.spent, *limit.reserved}:
                row = rows.get(subject)
                there = (row.spent_nanos, row.reserved_nanos) if row else (0, 0)
                assert there == (limit.spent.get(subject, 0), limit.reserved.get(subject, 0))

    def teardown(self):
        assert_sound(execute)


@dataclass(eq=False)
class Several:
    calls: list[Call]


def execute_all(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def reserve(calls: list[Call]) -> list[bool]:
    """By the function that the gateway calls, in one statement."""
    windows = sorted({(limit.row.pk, subject) for call in calls for limit, subject in call.falls_under})
    named = [
        {"number": n, "budget_id": budget, "subject": subject, "starts_at": START, "ends_at": END}
        for n, (budget, subject) in enumerate(windows, 1)
    ]
    blank = {k: v for k, v in record(new_id()).items() if k not in ("call_id", "started_at", "status")}
    holds = [
        {"number": n, "call_id": call.id, "amount_nanos": call.amount, "least_nanos": call.amount, "started_at": NOW, "lifetime_seconds": 600.0,
         "record": blank, "windows": [windows.index((limit.row.pk, subject)) + 1 for limit, subject in call.falls_under]}
        for n, call in enumerate(calls)
    ]  # fmt: skip
    values = [orjson.dumps(named).decode(), orjson.dumps(holds).decode(), calls[0].instance]
    execute_all(
        "INSERT INTO governance_gatewayinstance VALUES (%s, 'h', 1, now(), now()) ON CONFLICT DO NOTHING",
        calls[0].instance,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT admitted FROM gatehouse_reserve(%s, %s, %s) ORDER BY number", values)
        return [row[0] for row in cursor.fetchall()]


def settle(calls: list[Call]) -> None:
    records = [record(call.id, cost=call.charged, reserved_nanos=call.amount) for call in calls]
    execute_all(
        "SELECT gatehouse_settle(%s, %s, '[]')", [call.id for call in calls], orjson.dumps(records).decode()
    )


def test_the_ledger_does_what_the_model_does():
    options = settings(
        max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(LedgerMachine, settings=options)


def test_values_beyond_the_most_share_one_counter_and_its_limit():
    limited = Limit(make_budget(limit_nanos=100, per="end_user"), 100)
    first = [Call(new_id(), new_id(), 1, [(limited, "ann")])]
    assert reserve(first) == [True]
    execute_all(
        "INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos) "
        "SELECT %s, 'user ' || n, %s, %s, 0, 0 FROM generate_series(2, %s) n",
        limited.row.pk, START, END, MAX_SUBJECTS,
    )  # fmt: skip
    instance = new_id()
    amounts = [("ann", 90), ("x", 60), ("y", 30), ("z", 20), ("user 7", 100), ("z", 10)]
    calls = [Call(new_id(), instance, amount, [(limited, name)]) for name, amount in amounts]
    assert reserve(calls) == [True, True, True, False, True, True]
    others = BudgetWindow.objects.get(subject=OTHER)
    assert (others.reserved_nanos, BudgetWindow.objects.count()) == (100, MAX_SUBJECTS + 1)
    for call in (*first, *calls):
        call.charged = call.amount
    settle([*first, *(call for n, call in enumerate(calls) if n != 3)])
    others.refresh_from_db()
    assert (others.reserved_nanos, others.spent_nanos) == (0, 100)
    assert_sound(execute)
