"""The ledger's invariants, as queries whose every row breaks one. The first column names the row."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

INVARIANTS: dict[str, tuple[str, str]] = {
    "spent is the sum of a window's entries": (
        "window",
        """SELECT win.id, win.spent_nanos AS spent, coalesce(sums.total, 0) AS entries
        FROM governance_budgetwindow win LEFT JOIN (
            SELECT unnest(window_ids) AS id, sum(amount_nanos) AS total FROM governance_ledgerentry GROUP BY 1) sums USING (id)
        WHERE win.spent_nanos <> coalesce(sums.total, 0)""",
    ),
    "reserved is the sum of a window's open holds": (
        "window",
        """SELECT win.id, win.reserved_nanos AS reserved, coalesce(sums.total, 0) AS holds
        FROM governance_budgetwindow win LEFT JOIN (
            SELECT unnest(window_ids) AS id, sum(amount_nanos) AS total FROM governance_hold GROUP BY 1) sums USING (id)
        WHERE win.reserved_nanos <> coalesce(sums.total, 0)""",
    ),
    # Lowering a limit, and corrections, may leave a window above its limit of now: but not above those it admitted under.
    "a hard budget is never exceeded": (
        "window",
        """SELECT win.id, win.spent_nanos AS spent, win.reserved_nanos AS reserved, win.limit_nanos AS limit,
               coalesce(raised.total, 0) AS corrections
        FROM governance_budgetwindow win
        LEFT JOIN (
            SELECT unnest(window_ids) AS id, sum(amount_nanos) AS total FROM governance_ledgerentry
            WHERE kind = 'correction' AND amount_nanos > 0 GROUP BY 1) raised USING (id)
        WHERE win.spent_nanos + win.reserved_nanos > win.limit_nanos + coalesce(raised.total, 0)""",
    ),
    "no call cost more than was held for it": (
        "call",
        """SELECT call_id, cost_nanos AS cost, reserved_nanos AS held FROM governance_auditrecord
        WHERE NOT is_demo AND cost_nanos > reserved_nanos""",
    ),
    "a call is charged once, and for what its record says": (
        "call",
        """SELECT record.call_id, record.cost_nanos AS cost, coalesce(sums.total, 0) AS posted, coalesce(sums.number, 0) AS entries
        FROM governance_auditrecord record
        LEFT JOIN (
            SELECT call_id, sum(amount_nanos) AS total, count(*) FILTER (WHERE kind <> 'repair') AS number
            FROM governance_ledgerentry WHERE kind <> 'correction' GROUP BY 1) sums
        USING (call_id)
        WHERE NOT record.is_demo
          AND (record.cost_nanos <> coalesce(sums.total, 0) OR coalesce(sums.number, 0) > 1)""",
    ),
    "every entry is of a call on record": (
        "entry",
        """SELECT entry.id, entry.call_id, entry.amount_nanos AS amount FROM governance_ledgerentry entry
        LEFT JOIN governance_auditrecord record USING (call_id) WHERE record.call_id IS NULL
          AND entry.call_id >= gatehouse_first_id(coalesce((SELECT max(before) FROM governance_recorddrop), 'epoch'))""",
    ),
    "no call that is on record is still held": (
        "call",
        "SELECT hold.call_id, hold.amount_nanos AS held FROM governance_hold hold JOIN governance_auditrecord USING (call_id)",
    ),
    # The sweep comes every ten seconds: a hold that is overdue by minutes was forgotten.
    "no hold is left behind": (
        "call",
        """SELECT hold.call_id, hold.expires_at, instance.heartbeat_at FROM governance_hold hold
        LEFT JOIN governance_gatewayinstance instance ON instance.id = hold.instance_id
        WHERE hold.expires_at < now() - interval '10 minutes' OR instance.heartbeat_at < now() - interval '10 minutes'""",
    ),
    "an expired hold is charged for at most all of it, as estimated": (
        "call",
        """SELECT record.call_id, record.status, record.cost_nanos AS cost, record.reserved_nanos AS held
        FROM governance_ledgerentry entry JOIN governance_auditrecord record USING (call_id)
        WHERE entry.kind = 'expiry' AND NOT (
            entry.is_estimated AND record.is_estimated AND record.status = 'expired'
            AND record.cost_nanos <= record.reserved_nanos)""",
    ),
    "periods of a counter do not overlap": (
        "window",
        """SELECT win.id, other.id AS other, win.starts_at, win.ends_at FROM governance_budgetwindow win
        JOIN governance_budgetwindow other
        ON other.budget_id = win.budget_id AND other.subject = win.subject AND other.id <> win.id
        AND win.starts_at < other.ends_at AND other.starts_at < win.ends_at""",
    ),
}


@dataclass(frozen=True, slots=True)
class Breach:
    """One row that breaks an invariant: what it is, and the columns that show it."""

    invariant: str
    kind: str
    columns: dict[str, Any]

    def __str__(self) -> str:
        (_, key), *rest = self.columns.items()
        shown = ", ".join(f"{name} {value}" for name, value in rest)
        return f"{self.kind} {key}: {shown}"


def breaches(*, at_most: int = 1000) -> list[Breach]:
    """The rows that break an invariant, so many of each at most, as of one moment."""
    found: list[Breach] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for name, (kind, query) in INVARIANTS.items():
            cursor.execute(f"{query} LIMIT %s", [at_most])
            columns = [column.name for column in cursor.description or ()]
            found += [Breach(name, kind, dict(zip(columns, row, strict=True))) for row in cursor.fetchall()]
    return found
