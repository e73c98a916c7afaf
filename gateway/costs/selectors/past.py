"""A scenario from the calls there were."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from gateway.costs.policy.scenario import Kind, Scenario
from governance.usage.policy.usage import Sums, UsageQuery
from governance.usage.policy.usage_limits import MINUTES
from governance.usage.selectors.usage import usage_rows

DAYS = 30
KINDS = 6
"""Features that are told apart; the rest is one kind."""
_PLACES = Decimal("0.0001")


def last_days(*, now: datetime, teams: frozenset[int] | None, filters: dict[str, Any]) -> UsageQuery:
    """What is asked of the last thirty days, up to the end of this quarter of an hour."""
    step = timedelta(minutes=MINUTES)
    until = now - (now - now.replace(minute=0, second=0, microsecond=0)) % step
    until = until.replace(second=0, microsecond=0) + step
    return UsageQuery(since=until - timedelta(days=DAYS), until=until, teams=teams, filters=filters)


def scenario_of(query: UsageQuery, *, zone: ZoneInfo) -> Scenario | None:
    """Those calls as a scenario of a year without growth: a kind for each feature; None where there were none.

    Peaks are those of hours, which the sums tell: of minutes they are higher.
    """
    rows = [
        (str(row.key[0]) or "no feature", row.sums)
        for row in usage_rows(replace(query, group_by=("feature",)), zone=zone)
        if row.sums.calls - row.sums.refused > 0
    ]
    if not rows:
        return None
    shown, rest = rows[:KINDS], rows[KINDS:]
    if rest:
        others = Sums()
        for _, sums in rest:
            others += sums
        shown.append((f"{len(rest)} other features", others))
    return Scenario(
        calls=sum(sums.calls - sums.refused for _, sums in rows),
        kinds=tuple(_kind(name, sums) for name, sums in shown),
        peak_to_mean=_peak(query, zone),
    )


def routes_of(query: UsageQuery, *, zone: ZoneInfo, at_most: int) -> list[str]:
    """The routes that these calls took, the dearest first."""
    rows = usage_rows(replace(query, group_by=("route",)), zone=zone)
    return [str(row.key[0]) for row in rows if row.key[0] and row.sums.cost_nanos][:at_most]


def _kind(name: str, sums: Sums) -> Kind:
    calls, prompt = sums.calls - sums.refused, sums.prompt_tokens
    return Kind(
        name=name,
        share=Decimal(calls),
        input_tokens=round(prompt / calls),
        output_tokens=round(sums.output_tokens / calls),
        cached_share=_part(sums.cache_read_tokens, prompt),
        written_share=_part(sums.cache_write_tokens, prompt),
    )


def _part(number: int, of: int) -> Decimal:
    # Rounded down: two parts of a whole never come to more than it.
    return (Decimal(number) / of).quantize(_PLACES, rounding="ROUND_DOWN") if of else Decimal(0)


def _peak(query: UsageQuery, zone: ZoneInfo) -> Decimal:
    rows = usage_rows(replace(query, interval="hour", group_by=()), zone=zone)
    calls = [row.sums.calls for row in rows]
    hours = (query.until - query.since).total_seconds() / 3600
    mean = Decimal(sum(calls)) / Decimal(hours)
    return max(Decimal(1), (max(calls) / mean).quantize(Decimal("0.1"))) if mean else Decimal(1)
