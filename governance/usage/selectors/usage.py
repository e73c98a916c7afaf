"""Reading usage: the sums, and what was written after them. Exact to the last settled call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections, router

from governance.usage.models import RollupState
from governance.usage.policy import usage_limits
from governance.usage.policy.usage import FIGURES, Sums, UnanswerableError, UsageQuery
from kernel.local_days import day_at, day_begins, day_start

_COLUMNS = {
    "team": "team_id", "application": "application_id", "api_key": "api_key_id", "feature": "feature",
    "route": "route", "model": "model", "region": "region", "end_user": "end_user", "prompt": "prompt",
}  # fmt: skip
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in FIGURES)
_TAIL_FIGURES = """
    calls, CASE WHEN status = 'succeeded' THEN calls ELSE 0 END AS succeeded,
    CASE WHEN status IN ('failed', 'expired') THEN calls ELSE 0 END AS failed,
    CASE WHEN status = 'refused' THEN calls ELSE 0 END AS refused,
    CASE WHEN status = 'cancelled' THEN calls ELSE 0 END AS cancelled,
    input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_nanos,
    CASE WHEN status IN ('failed', 'expired') THEN cost_nanos ELSE 0 END AS failed_cost_nanos,
    CASE WHEN status = 'cancelled' THEN cost_nanos ELSE 0 END AS cancelled_cost_nanos, cache_saved_nanos, duration_us"""
MAX_ROWS = 20_000
MAX_EXPORTED = 500_000


@dataclass(frozen=True, slots=True)
class UsageRow:
    """The figures of one group in one interval. `starts_at` is None without intervals."""

    starts_at: datetime | None
    key: tuple[Any, ...]
    sums: Sums


def usage_rows(query: UsageQuery, *, zone: ZoneInfo, at_most: int = MAX_ROWS) -> list[UsageRow]:
    """The rows asked for, in order of time, the dearest first within an interval; so many at most.

    UnanswerableError where end users are asked for by anything but whole days of the installation's time zone.
    """
    while True:
        mark = _watermark()
        rows = _read(query, zone=zone, mark=mark, at_most=at_most)
        if _watermark() == mark:  # else what was read may have counted something twice, or not at all
            return rows


def total(query: UsageQuery, *, zone: ZoneInfo) -> Sums:
    """The figures of all that a query without groups and intervals asks for."""
    rows = usage_rows(query, zone=zone)
    return rows[0].sums if rows else Sums()


def _watermark() -> int:
    return RollupState.objects.values_list("watermark", flat=True).first() or 0


def _read(query: UsageQuery, *, zone: ZoneInfo, mark: int, at_most: int) -> list[UsageRow]:
    groups = [_COLUMNS[name] for name in query.group_by]
    where, values = _conditions(query)
    bucket = _bucket(query)
    values |= {
        "zone": zone.key, "since": query.since, "until": query.until, "mark": mark, "home": settings.TIME_ZONE,
        "features": usage_limits.MAX_FEATURES, "end_users": usage_limits.MAX_END_USERS,
    }  # fmt: skip
    table, moment, bounds = _table(query, zone)
    listed = "".join(f", {name}" for name in groups)
    by = ", ".join(str(n + 1) for n in range(1 + len(groups)))
    statement = f"""
        SELECT {bucket} AS bucket{listed}, {_SUMS} FROM (
            SELECT {moment} AS at{listed}, {", ".join(FIGURES)} FROM {table} WHERE {bounds} {where}
            UNION ALL
            SELECT started_at AS at{listed}, {_TAIL_FIGURES}
            FROM gatehouse_usage_tail(%(mark)s, %(home)s, %(features)s, %(end_users)s)
            WHERE started_at >= %(since)s AND started_at < %(until)s {where}
        ) AS facts GROUP BY {by} ORDER BY 1, sum(cost_nanos) DESC, sum(calls) DESC LIMIT {int(at_most)}
    """  # noqa: S608 - names of columns, each from a fixed list
    with connections[router.db_for_read(RollupState)].cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    width = 1 + len(groups)
    return [
        UsageRow(_aware(row[0], query.interval, zone), tuple(row[1:width]), Sums(*row[width:]))
        for row in rows
    ]


def _table(query: UsageQuery, zone: ZoneInfo) -> tuple[str, str, str]:
    """Where to read sums: days where range and zone allow it, else quarters. And its moments, and their bounds."""
    quarters = "governance_usagequarterhour", "starts_at", "starts_at >= %(since)s AND starts_at < %(until)s"
    noon = "((day + interval '12 hours') AT TIME ZONE %(zone)s)"
    days = (
        "day >= (%(since)s::timestamptz AT TIME ZONE %(zone)s)::date "
        "AND day < (%(until)s::timestamptz AT TIME ZONE %(zone)s)::date"
    )
    is_whole = zone.key == settings.TIME_ZONE and all(
        moment == day_start(moment, zone) for moment in (query.since, query.until)
    )
    if query.by_days:
        if not is_whole:
            raise UnanswerableError(
                f"Usage of {query.of_what} is kept by the day of {settings.TIME_ZONE}: ask in this time zone, from one midnight to "
                "another."
            )
        return f"governance_usage{query.by_days.replace('_', '')}day", noon, days
    if is_whole and query.interval != "hour":
        return "governance_usageday", noon, days
    return quarters


def _bucket(query: UsageQuery) -> str:
    if query.interval == "none":
        return "NULL::timestamp"
    return f"date_trunc('{query.interval}', at AT TIME ZONE %(zone)s)"


def _conditions(query: UsageQuery) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    values: dict[str, Any] = {}
    if query.teams is not None:
        parts.append("team_id = ANY (%(teams)s)")
        values["teams"] = list(query.teams)
    for name, value in query.filters.items():
        is_any_of = isinstance(value, tuple)
        parts.append(f"{_COLUMNS[name]} = " + (f"ANY (%(f_{name})s)" if is_any_of else f"%(f_{name})s"))
        values[f"f_{name}"] = list(value) if isinstance(value, tuple) else value
    return "".join(f" AND {part}" for part in parts), values


def _aware(moment: datetime | None, interval: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of a bucket, which Postgres names by the clock on the wall."""
    if moment is None or interval == "hour":
        return None if moment is None else moment.replace(tzinfo=zone)
    return day_begins(moment.date(), zone).astimezone(zone)


def days_before(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The beginning of the day so many days before the one a moment is in."""
    return day_begins(day_at(moment, zone) - timedelta(days=days), zone).astimezone(zone)
