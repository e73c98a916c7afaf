"""`verify_ledger` finds each way of breaking the ledger, names the row, and repairs what entries can repair."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from governance.limits.models import BudgetWindow, Hold, LedgerEntry
from governance.limits.services.ledger import Ledger, Settlement
from governance.records.models import AuditRecord
from tests.accounts.factories import make_team
from tests.governance.limits.factories import make_budget
from tests.governance.limits.test_ledger import hold, record, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def window() -> BudgetWindow:
    """A window with two calls charged and one held."""
    limited = make_budget(make_team(), limit_nanos=10_000)

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        for cost in (100, 250):
            request = hold(limited, 300)
            await ledger.reserve(request)
            await ledger.settle(Settlement(record(request.call_id, cost=cost, reserved_nanos=300), None))
        await ledger.reserve(hold(limited, 400))

    run(scenario)
    return BudgetWindow.objects.get()


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


def execute(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def tamper(statement: str, *values) -> None:
    """What nobody can do by the front door."""
    tables = ("governance_auditrecord", "governance_ledgerentry")
    for table in tables:
        execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    execute(statement, *values)
    for table in tables:
        execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def test_a_sound_ledger(window):
    assert (window.spent_nanos, window.reserved_nanos, window.limit_nanos) == (350, 400, 10_000)
    assert "BROKEN" not in verify()


BREAKS = {
    "spent is the sum": "UPDATE governance_budgetwindow SET spent_nanos = spent_nanos + 1",
    "reserved is the sum": "UPDATE governance_budgetwindow SET reserved_nanos = 7",
    "never exceeded": "UPDATE governance_budgetwindow SET limit_nanos = 700",
    "cost more than was held": "UPDATE governance_auditrecord SET reserved_nanos = 99 WHERE cost_nanos = 100",
    "charged once": "DELETE FROM governance_ledgerentry WHERE amount_nanos = 100",
    "of a call on record": "DELETE FROM governance_auditrecord WHERE cost_nanos = 100",
    "no hold is left behind": "UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 hour'",
    "charged for at most all of it": "UPDATE governance_ledgerentry SET kind = 'expiry' WHERE amount_nanos = 100",
    "do not overlap": "INSERT INTO governance_budgetwindow (budget_id, subject, starts_at, ends_at, spent_nanos, reserved_nanos) "
    "SELECT budget_id, subject, starts_at + interval '1 day', ends_at, 0, 0 FROM governance_budgetwindow",
}
REPAIRABLE = ("spent is the sum", "reserved is the sum", "charged once", "no hold is left behind")


@pytest.mark.parametrize("name", BREAKS)
def test_each_breach_is_found_and_named(window, name):
    tamper(BREAKS[name])
    out = StringIO()
    with pytest.raises(CommandError, match="break an invariant"):
        call_command("verify_ledger", stdout=out)
    (line,) = [line for line in out.getvalue().splitlines() if name in line]
    assert line.startswith("BROKEN")
    before = list(LedgerEntry.objects.order_by("id").values())
    if name in REPAIRABLE:
        assert "Repaired" in verify("--repair")
        assert "BROKEN" not in verify()
    else:
        with pytest.raises(CommandError, match="look into them"):
            verify("--repair")
    assert list(LedgerEntry.objects.order_by("id").values())[: len(before)] == before


def test_a_lost_charge_comes_back_as_an_entry_of_its_own(window):
    tamper(BREAKS["charged once"])
    verify("--repair")
    window.refresh_from_db()
    entry = LedgerEntry.objects.get(kind="repair")
    assert (entry.amount_nanos, entry.note) == (100, "verify_ledger: the record says so")
    assert entry.call_id == AuditRecord.objects.get(cost_nanos=100).call_id


def test_a_call_on_record_that_is_still_held_is_found(window):
    call_id = AuditRecord.objects.first().call_id
    Hold.objects.update(call_id=call_id)
    with pytest.raises(CommandError):
        verify()
