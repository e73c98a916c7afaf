"""How many answers are kept, and how large they are."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, QuerySet
from django.db.models.functions import Length

from accounts.policy.roles import Capability
from gateway.cache.models import CacheEntry

_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Stock:
    """Answers of a team. `bytes` is about what their words take, by the newest of them."""

    team: str
    number: int
    bytes: int


def stock(who: Any, *, team: int | None = None) -> list[Stock]:
    """Of the teams whose figures somebody sees, those with the most first."""
    rows = CacheEntry.objects.visible_to(who, Capability.VIEW_USAGE).order_by()
    if team is not None:
        rows = rows.filter(team=team)
    found = rows.values_list("team_id", "team__name").annotate(number=Count("pk")).order_by("-number")
    return [
        Stock(team=name, number=number, bytes=round(number * _mean_size(rows.filter(team=pk))))
        for pk, name, number in found
    ]


def _mean_size(rows: "QuerySet[CacheEntry]") -> float:
    newest = rows.order_by("-pk").annotate(size=Length("answer"))[:_SAMPLE]
    return float(newest.aggregate(mean=Avg("size"))["mean"] or 0)
