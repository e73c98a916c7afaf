"""What calls of prompts came to, summed up by version or arm, metric, and unit: for experiments and rollouts."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from governance.records.selectors.calls import first_id_at
from prompts.rollout.policy.assignment import Unit
from prompts.rollout.policy.sequential import Sample

Sums = dict[int, dict[str, Sample]]
"""By arm's id or version's number, then by metric. The metric "calls" counts them."""

_NOT_THE_PROMPTS = (
    "invalid_api_key", "ip_not_allowed", "model_not_allowed", "budget_exceeded", "rate_limited", "overloaded",
    "not_auditable", "internal_error",
)  # fmt: skip
"""Refusals that come of the caller or the house, whichever version would have been run."""
_UNITS = {
    Unit.END_USER: "record.end_user",
    Unit.SESSION: "record.prompt_run->>'session'",
    Unit.CALL: "''",
}
_GROUPS = {
    "experiment": "(record.prompt_run->>'arm')::bigint",
    "rollout": "record.prompt_version",
}
# A call without a unit is one of its own. Whoever is called alike in two teams is not the same.
_SUMS = """
WITH calls AS (
    SELECT record.call_id, {group} AS grouped, record.status, record.code, record.cost_nanos, record.duration_ms,
        record.prompt_run->'contract'->>'outcome' AS contract, record.prompt_run->>'checked' AS checked,
        CASE WHEN coalesce({unit}, '') = '' THEN record.call_id::text ELSE record.team_id || ':' || {unit} END AS unit
    FROM governance_auditrecord record
    WHERE record.prompt_id = %(prompt)s AND record.call_id >= %(first)s AND record.call_id < %(end)s
        AND (record.prompt_run->>'{of}')::bigint = %(id)s
        AND record.status NOT IN ('cancelled', 'expired') AND record.code <> ALL(%(others)s)
), outcomes AS (
    SELECT calls.grouped, calls.unit, found.metric, found.value
    FROM calls CROSS JOIN LATERAL (VALUES
        ('calls', 1::float8),
        ('errors', CASE WHEN calls.status <> 'succeeded' AND calls.code <> 'contract_failed' THEN 1 ELSE 0 END),
        ('contract', CASE WHEN calls.contract IN ('fallback', 'refused') THEN 1
            WHEN calls.contract IS NOT NULL THEN 0 END),
        ('checks', CASE calls.checked WHEN 'passed' THEN 1 WHEN 'failed' THEN 0 END),
        ('unchecked', CASE calls.checked WHEN 'unchecked' THEN 1 END),
        ('cost', CASE WHEN calls.cost_nanos > 0 THEN calls.cost_nanos END),
        ('latency', CASE WHEN calls.status = 'succeeded' THEN ln(greatest(calls.duration_ms, 0.1)) END)
    ) AS found (metric, value)
    WHERE found.value IS NOT NULL
    UNION ALL
    SELECT calls.grouped, calls.unit, found.metric, found.value
    FROM calls JOIN governance_feedback feedback ON feedback.call_id = calls.call_id
    CROSS JOIN LATERAL (VALUES
        ('helpful', feedback.helpful::int::float8), ('score', feedback.score)
    ) AS found (metric, value)
    WHERE found.value IS NOT NULL
), units AS (
    SELECT grouped, metric, unit, count(*)::float8 AS n, sum(value) AS s FROM outcomes GROUP BY grouped, metric, unit
)
SELECT grouped, metric, count(*), sum(n), sum(s), sum(s * s), sum(s * n), sum(n * n)
FROM units WHERE grouped IS NOT NULL GROUP BY grouped, metric
"""


def sums_of(
    of: Literal["experiment", "rollout"],
    pk: int,
    *,
    prompt_id: int,
    unit: Unit,
    since: datetime,
    until: datetime,
) -> Sums:
    """The sums over the calls of an experiment by arm, or of a rollout by version, that began from `since` up to `until`."""
    values: dict[str, Any] = {
        "prompt": prompt_id, "id": pk, "first": first_id_at(since), "end": first_id_at(until),
        "others": list(_NOT_THE_PROMPTS),
    }  # fmt: skip
    found: Sums = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(group=_GROUPS[of], unit=_UNITS[unit], of=of), values)
        for grouped, metric, units, calls, total, squares, products, sizes in cursor.fetchall():
            found[grouped][metric] = Sample(
                units=units, calls=calls, total=total, squares=squares, products=products, sizes=sizes
            )
    return found
