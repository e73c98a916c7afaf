"""The ledger's invariants, as queries whose every row breaks one."""

from collections.abc import Callable
from typing import Any

BROKEN = {
    "spent is the sum of a window's entries": """
        SELECT win.id, win.spent_nanos, sums.total FROM governance_budgetwindow win
        LEFT JOIN (SELECT unnest(window_ids) AS id, sum(amount_nanos) AS total FROM governance_ledgerentry GROUP BY 1) sums
        USING (id) WHERE win.spent_nanos <> coalesce(sums.total, 0)""",
    "reserved is the sum of a window's open holds": """
        SELECT win.id, win.reserved_nanos, sums.total FROM governance_budgetwindow win
        LEFT JOIN (SELECT unnest(window_ids) AS id, sum(amount_nanos) AS total FROM governance_hold GROUP BY 1) sums
        USING (id) WHERE win.reserved_nanos <> coalesce(sums.total, 0)""",
    "no window is over its limit": """
        SELECT win.id, win.spent_nanos, win.reserved_nanos, budget.limit_nanos FROM governance_budgetwindow win
        JOIN governance_budget budget ON budget.id = win.budget_id
        WHERE win.spent_nanos + win.reserved_nanos > budget.limit_nanos""",
    "a call costs what was posted for it": """
        SELECT record.call_id, record.cost_nanos, sums.total FROM governance_auditrecord record
        LEFT JOIN (SELECT call_id, sum(amount_nanos) AS total FROM governance_ledgerentry
                   WHERE kind <> 'correction' GROUP BY 1) sums
        USING (call_id) WHERE NOT record.is_demo AND record.cost_nanos <> coalesce(sums.total, 0)""",
    "every posting is of a call on record": """
        SELECT entry.call_id FROM governance_ledgerentry entry
        LEFT JOIN governance_auditrecord record USING (call_id) WHERE record.call_id IS NULL""",
    "no call that is on record is still held": """
        SELECT hold.call_id FROM governance_hold hold JOIN governance_auditrecord USING (call_id)""",
}


def assert_sound(execute: Callable[[str], list[Any]]) -> None:
    """Fails with the rows that break an invariant."""
    broken = {name: rows for name, query in BROKEN.items() if (rows := execute(query))}
    assert not broken, broken
