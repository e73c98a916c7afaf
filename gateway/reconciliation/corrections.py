"""Posts what AWS counted otherwise: each call's difference as an entry of its own, in short transactions."""

import json
from typing import Any

from django.db import connection, transaction

from governance.usage.models import AwsImport

_BATCH = 500
"""Calls at a time: their budgets are locked meanwhile, and calls wait."""

_CLAIM = """
SELECT call_id FROM governance_loggedinvocation WHERE call_id IS NOT NULL AND NOT is_posted
ORDER BY call_id LIMIT %s FOR UPDATE SKIP LOCKED"""
# A call may have several lines, of attempts. It is left as it is where one of them is not known in full.
_TARGETS = """
SELECT call_id, sum(cost_nanos)::bigint, max(aws_import_id), min(source)
FROM governance_loggedinvocation LEFT JOIN governance_awsimport made ON made.id = aws_import_id
WHERE call_id = ANY (%s) GROUP BY call_id HAVING count(*) = count(cost_nanos)"""
_PLANNED = """
SELECT target.cost - coalesce((SELECT sum(amount_nanos) FROM governance_ledgerentry e WHERE e.call_id = target.call_id), 0)
FROM (
    SELECT call_id, sum(cost_nanos) AS cost FROM governance_loggedinvocation
    WHERE call_id IN (SELECT call_id FROM governance_loggedinvocation WHERE aws_import_id = %s)
    GROUP BY call_id HAVING count(*) = count(cost_nanos)) AS target"""


def post_corrections(made: AwsImport | None = None) -> list[int]:
    """Posts all that is known and not posted yet; the amounts, of those whose line came with `made` if that is given.

    Safe to repeat, and to run twice at once: a call's entries are summed up under its budgets' locks.
    """
    amounts: list[int] = []
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CLAIM, [_BATCH])
            call_ids = list({call_id for (call_id,) in cursor.fetchall()})
            if not call_ids:
                return amounts
            cursor.execute(_TARGETS, [call_ids])
            targets = {call_id: (cost, number, source) for call_id, cost, number, source in cursor.fetchall()}
            cursor.execute(
                "UPDATE governance_loggedinvocation SET is_posted = true WHERE call_id = ANY (%s)", [call_ids]
            )
            cursor.execute("SELECT call_id, amount_nanos FROM gatehouse_correct_to(%s)", [_targets(targets)])
            amounts += [
                amount
                for call_id, amount in cursor.fetchall()
                if made is None or targets[call_id][1] == made.pk
            ]


def planned(made: AwsImport) -> list[int]:
    """What an import would have posted, by the ledger as it is."""
    with connection.cursor() as cursor:
        cursor.execute(_PLANNED, [made.pk])
        return [int(amount) for (amount,) in cursor.fetchall() if amount]


def _targets(found: dict[Any, tuple[int, int | None, str | None]]) -> str:
    return json.dumps(
        [
            {"call_id": str(call_id), "cost_nanos": cost, "note": f"import {number}: {source or ''}"[:300]}
            for call_id, (cost, number, source) in sorted(found.items())
        ]
    )
