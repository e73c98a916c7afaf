"""PURE: the ways to pay as lines of a drawing, in per cent of its width and height."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.costs.policy.price_lists import Projected
from governance.ui.bars import nice_ceiling
from kernel.money import format_usd, nanos_to_dollars

COLOURS = 6


@dataclass(frozen=True, slots=True)
class Course:
    """Polylines of an SVG 100 wide and 100 high, the marks of its height from the top down, and its legend."""

    lines: list[tuple[int, str]]
    marks: list[str]
    legend: list[tuple[int, str, str]]
    text: str


def course_of(ways: Sequence[Projected]) -> Course:
    """What each of the cheapest ways costs from month to month."""
    shown = ways[:COLOURS]
    highest = max((amount for way in shown for amount in way.months), default=0)
    top = int(nice_ceiling(float(nanos_to_dollars(highest))) * 1_000_000_000) or 1
    return Course(
        lines=[(place, _points(way.months, top)) for place, way in enumerate(shown)],
        marks=[format_usd(top * quarter // 4, places=2) for quarter in (4, 3, 2, 1, 0)],
        legend=[(place, way.name, format_usd(way.total)) for place, way in enumerate(shown)],
        text="; ".join(f"{way.name}: {format_usd(way.months[0])} in the first month, {format_usd(way.months[-1])} in the last" for way in shown),
    )  # fmt: skip


def _points(months: Sequence[int], top: int) -> str:
    if len(months) == 1:
        months = (months[0], months[0])
    last = len(months) - 1
    return " ".join(
        f"{place / last * 100:.2f},{100 - amount / top * 100:.2f}" for place, amount in enumerate(months)
    )
