"""Expired holds, and what new entries can put right of a ledger."""

import json
import logging
import time
from dataclasses import dataclass

from django.db import connection, transaction

from governance.limits.selectors.invariants import Breach
from governance.limits.services.ledger import SILENT_SECONDS

logger = logging.getLogger(__name__)

_BATCH = 500
SECOND_LOOK_SECONDS = 12.0
"""Two heartbeats and a new connection: what lives has been heard of again by then, and has settled."""
_IS_ANY_DUE = """
    SELECT EXISTS (
        SELECT FROM governance_hold hold LEFT JOIN governance_gatewayinstance instance ON instance.id = hold.instance_id
        WHERE hold.expires_at < now() OR instance.heartbeat_at IS NULL
           OR instance.heartbeat_at < now() - make_interval(secs => %s))"""


def expire_due_holds(*, silent_seconds: float = SILENT_SECONDS, second_look_seconds: float = 0.0) -> int:
    """Expires every hold whose time is over or whose process has gone silent; the number of them.

    Where there are some, it looks again after so many seconds: a database that was away has heard of nobody meanwhile, and
    those who live will be heard of as soon as it is back.

    The rule: such a call is charged what its stream was noted to have come to, or else its whole hold, which is the most
    it can have cost; flagged as estimated. Should its process come back and settle it, the difference is posted as a
    correction.
    """
    total = 0
    if second_look_seconds:
        with connection.cursor() as cursor:
            cursor.execute(_IS_ANY_DUE, (silent_seconds,))
            if not cursor.fetchone()[0]:
                return 0
        time.sleep(second_look_seconds)
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM gatehouse_expire(%s, %s)", (silent_seconds, _BATCH))
            count = int(cursor.fetchone()[0])
        total += count
        if count < _BATCH:
            break
    if total:
        logger.warning("expired %d holds of calls that never settled; charged as estimated", total)
    return total


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
    holds = expire_due_holds() if any(breach.invariant == _LEFT_BEHIND for breach in found) else 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT gatehouse_correct(%s)", [json.dumps(corrections)])
        posted = cursor.fetchone()[0]
        if windows:
            cursor.execute(_RECOUNT, {"ids": windows})
            cursor.execute(
                _RECOUNTED, {"ids": windows}
            )  # a statement of its own: it sees all that came before the locks
    return Repair(len(windows), posted, holds)
