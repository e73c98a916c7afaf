"""What came of looking in the cache: how often it had the answer, and what that saved."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import F, Sum
from django.db.models.functions import TruncMonth

from gateway.cache.models import CacheUse, Kind

GROUPS = ("day", "month", "team", "route", "prompt")
ANSWERS = (Kind.EXACT, Kind.SEMANTIC, Kind.SLOT, Kind.EMBEDDING)
"""Kinds of hits in whose place a model would have been asked. Passages are looked up on the way to an answer."""

_COLUMNS = {"team": "team_id"}


@dataclass(slots=True)
class CacheSums:
    """What came of some calls. `hits` and `saved_nanos` are by kind."""

    hits: dict[str, int] = field(default_factory=dict)
    saved_nanos: dict[str, int] = field(default_factory=dict)
    misses: int = 0
    bypasses: int = 0
    """Calls that the cache was not looked into for: by their own header, or because a rule forbids it."""
    shadows: int = 0
    """Calls that were answered by a model, and would have had the answer to a similar question."""

    @property
    def answered(self) -> int:
        """Calls that the cache answered."""
        return sum(self.hits.get(kind, 0) for kind in ANSWERS)

    @property
    def lookups(self) -> int:
        """Calls whose answer was looked for."""
        return self.answered + self.misses + self.shadows

    @property
    def hit_rate(self) -> float:
        """The part of the calls looked up that the cache answered, from 0 to 1."""
        return self.answered / self.lookups if self.lookups else 0.0

    @property
    def saved(self) -> int:
        """Nano-dollars, of all kinds."""
        return sum(self.saved_nanos.values())

    def take(self, other: "CacheSums") -> None:
        """Adds others."""
        for outcome, number in other.hits.items():
            self.add(outcome, number, other.saved_nanos.get(outcome, 0))
        self.misses += other.misses
        self.bypasses += other.bypasses
        self.shadows += other.shadows

    def add(self, outcome: str, number: int, saved: int) -> None:
        """Adds calls of which one thing came."""
        match outcome:
            case "miss":
                self.misses += number
            case "bypass":
                self.bypasses += number
            case "shadow":
                self.shadows += number
            case _:
                self.hits[outcome] = self.hits.get(outcome, 0) + number
                self.saved_nanos[outcome] = self.saved_nanos.get(outcome, 0) + saved


def days_of(since: datetime, until: datetime) -> tuple[date, date]:
    """The days of UTC, by which uses are counted, that a range touches: from one on and before another."""
    last = until.astimezone(UTC) - timedelta(microseconds=1)
    return since.astimezone(UTC).date(), last.date() + timedelta(days=1)


def savings(
    who: Any, *, since: date, until: date, group_by: Iterable[str] = (), team: int | None = None, route: str = "", prompt: str = ""
) -> dict[tuple[Any, ...], CacheSums]:  # fmt: skip
    """Sums of the teams that somebody sees, by group, in the order of the days, from a day on and before another. Prompts are by name."""
    rows = CacheUse.objects.visible_to(who).filter(day__gte=since, day__lt=until)
    if team is not None:
        rows = rows.filter(team=team)
    if route:
        rows = rows.filter(route=route)
    if prompt:
        rows = rows.filter(prompt=prompt)
    groups = tuple(group_by)
    columns = {
        f"of_{name}": TruncMonth("day") if name == "month" else F(_COLUMNS.get(name, name)) for name in groups
    }
    found: dict[tuple[Any, ...], CacheSums] = {}
    summed: Any = (
        rows.order_by().values("outcome", **columns).annotate(total=Sum("number"), saved=Sum("saved_nanos"))
    )
    for row in summed.order_by(*columns):
        sums = found.setdefault(tuple(row[name] for name in columns), CacheSums())
        sums.add(row["outcome"], row["total"], row["saved"])
    return found
