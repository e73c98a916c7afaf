"""How far what was recorded is from what AWS logged and billed."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from governance.models import LoggedInvocation

_DRIFT = """
WITH ours AS (
    SELECT (r.started_at AT TIME ZONE 'UTC')::date AS day, r.model, r.region, count(*) AS calls,
           sum(r.cost_nanos)::bigint AS recorded,
           count(*) FILTER (WHERE NOT EXISTS (
               SELECT FROM governance_loggedinvocation l WHERE l.request_id = r.upstream_request_id)) AS unlogged
    FROM governance_auditrecord r
    WHERE r.started_at >= %(since)s AND r.started_at < %(until)s AND r.upstream_request_id <> '' AND NOT r.is_demo
    GROUP BY 1, 2, 3
), corrections AS (
    SELECT (r.started_at AT TIME ZONE 'UTC')::date AS day, r.model, r.region, sum(e.amount_nanos)::bigint AS corrected
    FROM governance_ledgerentry e JOIN governance_auditrecord r USING (call_id)
    WHERE e.kind = 'correction' AND r.started_at >= %(since)s AND r.started_at < %(until)s AND NOT r.is_demo
    GROUP BY 1, 2, 3
), logged AS (
    SELECT (l.at AT TIME ZONE 'UTC')::date AS day, coalesce(r.model, l.model) AS model, l.region, count(*) AS lines,
           coalesce(sum(l.cost_nanos), 0)::bigint AS cost, count(*) FILTER (WHERE l.call_id IS NULL) AS unknown
    FROM governance_loggedinvocation l LEFT JOIN governance_auditrecord r ON r.call_id = l.call_id
    WHERE l.at >= %(since)s AND l.at < %(until)s
    GROUP BY 1, 2, 3
)
SELECT day, model, region, coalesce(calls, 0), coalesce(recorded, 0), coalesce(corrected, 0), coalesce(unlogged, 0),
       coalesce(lines, 0), coalesce(cost, 0), coalesce(unknown, 0)
FROM ours FULL JOIN logged USING (day, model, region) LEFT JOIN corrections USING (day, model, region)
ORDER BY day DESC, recorded DESC NULLS LAST LIMIT 500
"""
_BILL = """
SELECT day, sum(cost_nanos)::bigint FROM governance_billedline WHERE day >= %(since)s AND day < %(until)s
GROUP BY 1 ORDER BY 1 DESC
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """One day of one model in one region; nano-dollars. `unlogged` calls are not in AWS's log, `unknown` lines not here."""

    day: date
    model: str
    region: str
    calls: int
    recorded: int
    corrected: int
    unlogged: int
    lines: int
    logged: int
    unknown: int

    @property
    def difference(self) -> int:
        """What is recorded, corrections included, above what the log comes to."""
        return self.recorded + self.corrected - self.logged

    @property
    def per_cent(self) -> float | None:
        return round(self.difference * 100 / self.logged, 2) if self.logged else None


def drift(*, since: date, until: date) -> list[Drift]:
    """Days from one up to another, the latest first; 500 rows at most."""
    with connection.cursor() as cursor:
        cursor.execute(_DRIFT, {"since": since, "until": until})
        return [Drift(*row) for row in cursor.fetchall()]


def billed(*, since: date, until: date) -> dict[date, int]:
    """What AWS billed for Bedrock by the day, in nano-dollars."""
    with connection.cursor() as cursor:
        cursor.execute(_BILL, {"since": since, "until": until})
        return dict(cursor.fetchall())


def has_logs() -> bool:
    """Whether anything has been imported yet."""
    return LoggedInvocation.objects.exists()
