"""The figures of the home page, from the sums of usage."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections, router
from django.db.models import QuerySet

from accounts.models import Team
from governance.records.models import AuditRecord, CallStatus
from governance.records.selectors.calls import first_id_at
from governance.usage.policy.usage import UsageQuery
from governance.usage.selectors.usage import UsageRow, days_before
from governance.usage.selectors.usage import usage_rows as usage_rows
from kernel.local_days import day_at, day_begins

CHART_DAYS = 30

_LATENCY = """
SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)
FROM governance_auditrecord
WHERE call_id >= %(since)s AND status = 'succeeded' AND (%(everything)s OR team_id = ANY (%(teams)s))
"""


@dataclass(slots=True)
class Sum:
    """Calls and what they cost, in nano-dollars."""

    calls: int = 0
    failed: int = 0
    refused: int = 0
    cost: int = 0

    def add(self, calls: int, failed: int, refused: int, cost: int) -> None:
        self.calls += calls
        self.failed += failed
        self.refused += refused
        self.cost += cost


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardUsage:
    """What the home page shows of the calls a person may see."""

    today: Sum
    yesterday: Sum
    month: Sum
    p95_ms: float | None
    days: list[date]
    costs_of_teams: list[tuple[str, dict[date, int]]] = field(default_factory=list)
    models: list[tuple[str, Sum]] = field(default_factory=list)


def dashboard_usage(*, teams: Collection[int] | None, now: datetime, zone: ZoneInfo) -> DashboardUsage:
    """Today, this month and the last 30 days of some teams; None: of all calls."""
    today = day_at(now, zone)
    days = [today - timedelta(days=age) for age in reversed(range(CHART_DAYS))]
    since = min(today.replace(day=1), days[0])
    query = UsageQuery(
        since=day_begins(since, zone),
        until=days_before(now, -1, zone),
        interval="day",
        group_by=("team", "route"),
        teams=None if teams is None else frozenset(teams),
    )
    rows = usage_rows(query, zone=zone)
    with connections[router.db_for_read(AuditRecord)].cursor() as cursor:
        scope: dict[str, Any] = {"everything": teams is None, "teams": list(teams or ())}
        cursor.execute(_LATENCY, {**scope, "since": first_id_at(now - timedelta(days=1))})
        p95 = cursor.fetchone()[0]
    return _summed(rows, today=today, days=days, p95_ms=p95)


def _summed(
    rows: Iterable[UsageRow], *, today: date, days: list[date], p95_ms: float | None
) -> DashboardUsage:
    sums = {"today": Sum(), "yesterday": Sum(), "month": Sum()}
    by_model: dict[str, Sum] = defaultdict(Sum)
    by_team: dict[int | None, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        assert row.starts_at is not None
        (team_id, model), day = row.key, row.starts_at.date()
        figures = (row.sums.calls, row.sums.failed, row.sums.refused, row.sums.cost_nanos)
        if day == today:
            sums["today"].add(*figures)
        elif day == today - timedelta(days=1):
            sums["yesterday"].add(*figures)
        if day >= today.replace(day=1):
            sums["month"].add(*figures)
            by_model[str(model)].add(*figures)
        if day >= days[0]:
            by_team[team_id][day] += figures[3]
    names = dict(Team.objects.filter(pk__in=[pk for pk in by_team if pk]).values_list("pk", "name"))
    costs_of_teams = [
        (names.get(pk, f"Team {pk}, deleted") if pk else "No team", dict(costs))
        for pk, costs in by_team.items()
        if any(costs.values())
    ]
    models = sorted(by_model.items(), key=lambda item: (item[1].cost, item[1].calls), reverse=True)
    return DashboardUsage(
        **sums,
        p95_ms=p95_ms,
        days=days,
        costs_of_teams=sorted(costs_of_teams, key=lambda item: sum(item[1].values()), reverse=True),
        models=[(name, total) for name, total in models if total.cost],
    )


def latest_problems(calls: QuerySet[AuditRecord], *, count: int = 6) -> list[AuditRecord]:
    """The last of these calls that did not succeed."""
    found = calls.exclude(status=CallStatus.SUCCEEDED).select_related("application")
    return list(found.defer("stages", "findings").order_by("-pk")[:count])
