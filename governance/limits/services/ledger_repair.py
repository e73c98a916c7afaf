"""Puts right what breaks the ledger's invariants: by new entries, and by counting sums anew. Nothing posted is touched."""

import json
from dataclasses import dataclass

from django.db import connection, transaction

from governance.limits.selectors.invariants import Breach
from governance.limits.services.holds import expire_holds

_RECOUNT = """
    WITH locked AS (
        SELECT id FROM governance_budgetwindow WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE
    )
    SELECT count(*) FROM locked"""
_RECOUNTED = """
    UPDATE governance_budgetwindow win SET
        spent_nanos = coalesce((
            SELECT sum(amount_nanos) FROM governance_ledgerentry WHERE window_ids @> ARRAY[win.id]), 0),
        reserved_nanos = coalesce((
            SELECT sum(amount_nanos) FROM governance_hold WHERE window_ids @> ARRAY[win.id]), 0)
    WHERE id = ANY (%(ids)s)"""

_COUNTERS = {"spent is the sum of a window's entries", "reserved is the sum of a window's open holds"}
_POSTINGS = "a call is charged once, and for what its record says"
_LEFT_BEHIND = "no hold is left behind"


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done: counters counted anew, corrections posted, holds expired."""

    counters: int
    corrections: int
    holds: int


def repair(found: list[Breach]) -> Repair:
    """Repairs what entries and sums can repair; the rest is for people to look into."""
    windows = sorted({breach.columns["id"] for breach in found if breach.invariant in _COUNTERS})
    postings = [breach.columns for breach in found if breach.invariant == _POSTINGS]
    corrections = [
        {
            "call_id": str(columns["call_id"]),
            "amount_nanos": int(columns["cost"] - columns["posted"]),
            "note": "verify_ledger: the record says so",
            "kind": "repair",
        }
        for columns in postings
    ]
    holds = expire_holds() if any(breach.invariant == _LEFT_BEHIND for breach in found) else 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT gatehouse_correct(%s)", [json.dumps(corrections)])
        posted = cursor.fetchone()[0]
        if windows:
            cursor.execute(_RECOUNT, {"ids": windows})
            cursor.execute(
                _RECOUNTED, {"ids": windows}
            )  # a statement of its own: it sees all that came before the locks
    return Repair(len(windows), posted, holds)
