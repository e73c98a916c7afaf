"""PURE: the chart of spending by team and day, as lengths in per cent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from governance.ui.bars import nice_ceiling
from kernel.money import format_usd, nanos_to_dollars

COLOURS = 6
"""Teams with a colour of their own; the rest share one."""
OTHERS = "Other teams"
_CENTS = 40_000_000
"""Nano-dollars."""


@dataclass(frozen=True, slots=True)
class BarSegment:
    """One team's part of a day."""

    colour: int
    percent: float


@dataclass(frozen=True, slots=True)
class Column:
    """One day."""

    label: str
    title: str
    segments: list[BarSegment]


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns, the marks of the vertical axis from the top down, and the legend."""

    columns: list[Column]
    marks: list[str]
    legend: list[tuple[int, str, str]]


def chart_of(
    days: Sequence[date], costs_of_teams: Sequence[tuple[str, Mapping[date, int]]], *, others: str = OTHERS
) -> Chart:
    """A stacked column a day, or an hour. Teams come in the order given; those beyond the colours are added up.

    Two may have one name.
    """
    teams = [(name, dict(costs)) for name, costs in costs_of_teams]
    if len(teams) > COLOURS:
        rest: dict[date, int] = {}
        for _, costs in teams[COLOURS - 1 :]:
            for day, cost in costs.items():
                rest[day] = rest.get(day, 0) + cost
        teams = [*teams[: COLOURS - 1], (others, rest)]
    highest = max((sum(costs.get(day, 0) for _, costs in teams) for day in days), default=0)
    top = int(nice_ceiling(float(nanos_to_dollars(highest))) * 1_000_000_000)
    return Chart(
        columns=[
            _column(day, teams, top, is_marked=(len(days) - 1 - index) % max(5, len(days) // 7) == 0)
            for index, day in enumerate(days)
        ],
        # Where all of it is cents, two places would make every mark the same.
        marks=[
            format_usd(top * quarter // 4, places=2 if top >= _CENTS else 6) for quarter in (4, 3, 2, 1, 0)
        ],
        legend=[(index, name, format_usd(sum(costs.values()))) for index, (name, costs) in enumerate(teams)],
    )


def _column(day: date, teams: Sequence[tuple[str, dict[date, int]]], top: int, *, is_marked: bool) -> Column:
    parts = [(index, name, costs.get(day, 0)) for index, (name, costs) in enumerate(teams)]
    lines = [f"{name}: {format_usd(cost)}" for _, name, cost in parts if cost]
    when = f"{day:%H:%M}" if isinstance(day, datetime) else f"{day.day} {day:%b}"
    heading = f"{day:%a %d %b}{f' {when}' if isinstance(day, datetime) else ''}: {format_usd(sum(cost for *_, cost in parts))}"
    return Column(
        label=when if is_marked else "",
        title="\n".join([heading, *lines]),
        segments=[BarSegment(index, round(cost * 100 / top, 3)) for index, _, cost in parts if cost],
    )
