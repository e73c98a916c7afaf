"""What providers' prompt caches kept, and what they could not keep because prompts begin with something else each time."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Sum

from governance.usage.models import VolatileBeginning
from governance.usage.policy.usage import Sums, UsageQuery
from governance.usage.selectors.usage import usage_rows


@dataclass(frozen=True, slots=True)
class Volatility:
    """A place at which the prompts of an application differ, and what stands behind it in vain."""

    application: str
    team: str
    route: str
    place: str
    calls: int
    tokens: int
    """Of one call, about."""
    last: date


def cached_by(query: UsageQuery, group: str, *, zone: ZoneInfo, at_most: int) -> list[tuple[Any, Sums]]:
    """Figures by team, route or prompt, those with the longest prompts first."""
    asked = replace(query, interval="none", group_by=(group,))
    rows = [(row.key[0], row.sums) for row in usage_rows(asked, zone=zone) if row.sums.prompt_tokens]
    return sorted(rows, key=lambda row: row[1].prompt_tokens, reverse=True)[:at_most]


def volatile_beginnings(who: Any, *, since: date, team: int | None, at_most: int) -> list[Volatility]:
    """Of the teams that somebody sees, those with the most behind them first."""
    rows = VolatileBeginning.objects.visible_to(who).filter(day__gte=since)
    if team is not None:
        rows = rows.filter(team=team)
    found = (
        rows.order_by()
        .values("application__name", "team__name", "route", "place")
        .annotate(number=Sum("calls"), together=Sum("tokens"), last=Max("day"))
        .order_by("-together")[:at_most]
    )
    return [
        Volatility(
            application=each["application__name"],
            team=each["team__name"],
            route=each["route"],
            place=each["place"],
            calls=each["number"],
            tokens=each["together"] // max(each["number"], 1),
            last=each["last"],
        )
        for each in found
    ]
