"""How far what was recorded is from what AWS logged and billed, and which calls and lines are without the other."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db import connections, router

from governance.records.selectors.calls import ids_between
from governance.usage.models import LoggedInvocation
from governance.usage.policy.billed_names import keys_of_id, name_key

MAX_ROWS = 1000
_DRIFT = """
WITH ours AS (
    SELECT (r.started_at AT TIME ZONE 'UTC')::date AS day, r.model, r.region, count(*) AS calls,
           sum(r.cost_nanos)::bigint AS recorded,
           count(*) FILTER (WHERE r.cost_nanos <> 0 AND NOT EXISTS (
               SELECT FROM governance_loggedinvocation l WHERE l.call_id = r.call_id)) AS unlogged
    FROM governance_auditrecord r
    WHERE r.call_id >= %(first)s AND r.call_id < %(end)s AND r.started_at >= %(since)s AND r.started_at < %(until)s
      AND NOT r.is_demo AND r.provider = '' AND (r.upstream_request_id <> '' OR r.cost_nanos <> 0)
    GROUP BY 1, 2, 3
), corrections AS (
    SELECT (r.started_at AT TIME ZONE 'UTC')::date AS day, r.model, r.region, sum(e.amount_nanos)::bigint AS corrected
    FROM governance_ledgerentry e JOIN governance_auditrecord r USING (call_id)
    WHERE e.kind = 'correction' AND r.call_id >= %(first)s AND r.call_id < %(end)s
      AND r.started_at >= %(since)s AND r.started_at < %(until)s AND NOT r.is_demo AND r.provider = ''
    GROUP BY 1, 2, 3
), lines AS (  -- of the day on which the call began, where there is one
    SELECT (coalesce(r.started_at, l.at) AT TIME ZONE 'UTC')::date AS day, coalesce(r.model, l.model) AS model,
           coalesce(r.region, l.region) AS region, l.cost_nanos, l.call_id
    FROM governance_loggedinvocation l LEFT JOIN governance_auditrecord r ON r.call_id = l.call_id
    WHERE l.at >= %(since)s AND l.at < %(until)s::timestamptz + interval '2 hours'
), logged AS (
    SELECT day, model, region, count(*) AS lines, coalesce(sum(cost_nanos), 0)::bigint AS cost,
           count(*) FILTER (WHERE call_id IS NULL) AS unknown
    FROM lines WHERE day >= %(since)s::date AND day < %(until)s::date
    GROUP BY 1, 2, 3
)
SELECT day, model, region, coalesce(calls, 0), coalesce(recorded, 0), coalesce(corrected, 0), coalesce(unlogged, 0),
       coalesce(lines, 0), coalesce(cost, 0), coalesce(unknown, 0)
FROM ours FULL JOIN logged USING (day, model, region) LEFT JOIN corrections USING (day, model, region)
ORDER BY day DESC, recorded DESC NULLS LAST LIMIT %(most)s
"""
_BILL = """
SELECT line.day, line.model, line.region, sum(line.cost_nanos)::bigint
FROM governance_billedline line JOIN governance_awsimport made ON made.id = line.aws_import_id AND made.is_current
WHERE line.day >= %(since)s AND line.day < %(until)s
GROUP BY 1, 2, 3 ORDER BY 1 DESC, 4 DESC
"""
_UNLOGGED = """
SELECT call_id, started_at, model, region, cost_nanos, is_estimated FROM governance_auditrecord r
WHERE call_id >= %(first)s AND call_id < %(end)s AND started_at >= %(since)s AND started_at < %(until)s
  AND NOT is_demo AND provider = '' AND cost_nanos <> 0
  AND (%(model)s = '' OR model = %(model)s) AND (%(region)s = '' OR region = %(region)s)
  AND NOT EXISTS (SELECT FROM governance_loggedinvocation l WHERE l.call_id = r.call_id)
ORDER BY call_id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One day of one model in one region; nano-dollars. `unlogged` calls are not in AWS's log, `unknown` lines not here."""

    day: date
    model: str
    region: str
    calls: int = 0
    recorded: int = 0
    corrected: int = 0
    unlogged: int = 0
    lines: int = 0
    logged: int = 0
    unknown: int = 0
    billed: int | None = None
    """None: the bill of the day says nothing of this model here."""

    @property
    def ours(self) -> int:
        """What is recorded, corrections included."""
        return self.recorded + self.corrected

    @property
    def difference(self) -> int:
        """What is recorded, corrections included, above what the log comes to."""
        return self.ours - self.logged

    @property
    def per_cent(self) -> float | None:
        return _per_cent(self.difference, self.logged)

    @property
    def billed_difference(self) -> int | None:
        """What is recorded, corrections included, above what AWS billed."""
        return None if self.billed is None else self.ours - self.billed

    @property
    def billed_per_cent(self) -> float | None:
        return None if self.billed is None else _per_cent(self.ours - self.billed, self.billed)


@dataclass(frozen=True, slots=True)
class UnloggedCall:
    """A call that was charged, and is in no log."""

    call_id: UUID
    started_at: datetime
    model: str
    region: str
    cost_nanos: int
    is_estimated: bool


def drift(*, since: date, until: date) -> list[Drift]:
    """Days from one up to another, in UTC, the latest first; 1000 rows at most, and those that are on the bill alone."""
    with connections[router.db_for_read(LoggedInvocation)].cursor() as cursor:
        cursor.execute(_DRIFT, {**_bounds(since, until), "most": MAX_ROWS})
        rows = {
            (day, model, region): Drift(
                day=day, model=model, region=region, calls=calls, recorded=recorded, corrected=corrected,
                unlogged=unlogged, lines=lines, logged=logged, unknown=unknown,
            )
            for day, model, region, calls, recorded, corrected, unlogged, lines, logged, unknown in cursor.fetchall()
        }  # fmt: skip
        cursor.execute(_BILL, {"since": since, "until": until})
        billed = cursor.fetchall()
    names = {key: model for _, model, _ in rows for key in keys_of_id(model)}
    for day, name, region, cost in billed:
        place = (day, names.get(name_key(name), name), region)
        row = rows.get(place) or Drift(day=day, model=place[1], region=region)
        rows[place] = replace(row, billed=(row.billed or 0) + cost)
    return sorted(rows.values(), key=lambda row: (-row.day.toordinal(), -row.ours, row.model, row.region))


def unlogged_calls(
    *, since: date, until: date, model: str = "", region: str = "", at_most: int = 200
) -> list[UnloggedCall]:
    """Calls that were charged and are in no log, the latest first."""
    with connections[router.db_for_read(LoggedInvocation)].cursor() as cursor:
        values: dict[str, Any] = {
            **_bounds(since, until),
            "model": model,
            "region": region,
            "most": at_most,
        }
        cursor.execute(_UNLOGGED, values)
        return [UnloggedCall(*row) for row in cursor.fetchall()]


def unknown_lines(
    *, since: date, until: date, model: str = "", region: str = "", at_most: int = 200
) -> list[LoggedInvocation]:
    """Lines of the log that no call of ours is known of, the latest first."""
    given: dict[str, Any] = {name: value for name, value in (("model", model), ("region", region)) if value}
    found = LoggedInvocation.objects.filter(
        call_id__isnull=True, at__date__gte=since, at__date__lt=until, **given
    )
    return list(found.order_by("-at")[:at_most])


def _bounds(since: date, until: date) -> dict[str, Any]:
    begin, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (since, until))
    first, last = ids_between(begin, end)
    return {"since": since, "until": until, "first": first, "end": last}


def _per_cent(part: int, whole: int) -> float | None:
    return round(part * 100 / whole, 2) if whole else None
