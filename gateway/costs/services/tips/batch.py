"""Calls that nobody waits for cost half as batch inference."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse

from accounts.models import Team
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip
from governance.usage.services.tips import DAYS

MIN_CALLS = 100
"""Below it, one batch a day is hardly worth its set-up (Bedrock quotas: a batch has at least 100 records)."""
_CALLS = """
SELECT a.name, c.feature, c.route, count(*), count(j.id), sum(greatest(0, c.cost_nanos - coalesce(
    ((c.input_tokens + c.cache_read_tokens + c.cache_write_tokens)::numeric * coalesce(b.input_rate, p.input_rate / 2.0)
        + c.output_tokens::numeric * coalesce(b.output_rate, p.output_rate / 2.0)) / 1000000,
    c.cost_nanos / 2.0)))::bigint AS saving
FROM governance_auditrecord c
LEFT JOIN accounts_application a ON a.id = c.application_id
LEFT JOIN gateway_job j ON j.call_id = c.call_id
LEFT JOIN gateway_price p ON p.id = c.price_id
LEFT JOIN gateway_price b ON b.deployment_id = p.deployment_id AND b.tier = 'batch' AND b.valid_from <= c.started_at
    AND (b.valid_until IS NULL OR b.valid_until > c.started_at)
WHERE c.call_id >= %(since)s AND c.team_id = %(team)s AND c.status = 'succeeded' AND c.tier = '' AND c.provider = '' AND c.cost_nanos > 0
GROUP BY a.name, c.application_id, c.feature, c.route
HAVING count(*) >= %(least)s AND (count(*) FILTER (WHERE c.is_stream) = 0 OR count(j.id) * 2 > count(*))
ORDER BY saving DESC LIMIT 3"""


def batch_tips(team: Team, now: datetime) -> list[Tip]:
    """Where most calls came as jobs, or none was streamed. That nobody waits is only shown by jobs."""
    with connection.cursor() as cursor:
        values: Any = {"since": first_id_at(now - timedelta(days=DAYS)), "team": team.pk, "least": MIN_CALLS}
        cursor.execute(_CALLS, values)
        return [_tip(*row) for row in cursor.fetchall()]


def _tip(name: str, feature: str, route: str, number: int, jobs: int, saving: Any) -> Tip:
    what = f"{name} ({feature})" if feature else name
    if jobs * 2 > number:
        shown = f"{jobs:,} of {number:,} calls of the last {DAYS} days came as jobs, which nobody waits for."
    else:
        shown = f"None of {number:,} calls of the last {DAYS} days was streamed: perhaps nobody reads along."
    return Tip(
        kind="batch",
        title=f"Send {what} on {route} as a batch",
        text=f"{shown} As batch inference they cost half, where the model has it; answers come within a day.",
        how="Collect them and send them to POST /v1/batches.",
        link=reverse("admin:governance_auditrecord_changelist"),
        calls=number,
        is_shown=jobs * 2 > number,
        saving_nanos=int(saving or 0),
    )
