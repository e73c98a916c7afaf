"""PURE: the plot of quality against cost, as places in an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.money import format_usd
from prompts.evaluations.policy.grid import Grid, Row

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 16, 44
_COLOURS = 6
_LABEL_HEIGHT = 15


@dataclass(frozen=True, slots=True)
class Point:
    """One candidate: its place, its interval of quality from top to bottom, and where its name is written."""

    x: float
    y: float
    low_y: float
    high_y: float
    colour: int
    name: str
    label_x: float
    label_y: float
    anchor: str
    title: str
    is_best: bool
    is_efficient: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """Points, the marks of both axes, and the line along those that nobody beats."""

    points: list[Point]
    quality_marks: list[tuple[float, str]]
    cost_marks: list[tuple[float, str]]
    frontier: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def plot_of(grid: Grid) -> Plot | None:
    """The plot of the candidates that have answers; None where none has."""
    rows = [(place, row) for place, row in enumerate(grid.rows) if row.points is not None]
    if not rows:
        return None
    dearest = max(row.summary.nanos_per_call or 0 for _, row in rows) or 1
    right = dearest * 1.15
    points = [_point(place, row, right, is_best=place == grid.best) for place, row in rows]
    frontier = sorted((point for point in points if point.is_efficient), key=lambda point: point.x)
    return Plot(
        points=_spread(points),
        quality_marks=[(_y(share), f"{share:.0%}") for share in (1.0, 0.75, 0.5, 0.25, 0.0)],
        cost_marks=[(_x(right * part / 4, right), format_usd(round(right * part / 4))) for part in range(5)],
        frontier=" ".join(f"{point.x},{point.y}" for point in frontier) if len(frontier) > 1 else "",
    )


def _x(cost: float, right: float) -> float:
    return round(LEFT + cost / right * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _point(place: int, row: Row, right: float, *, is_best: bool) -> Point:
    summary = row.summary
    x, y = _x(summary.nanos_per_call or 0, right), _y(summary.accuracy or 0.0)
    is_right = x > WIDTH * 0.7
    money = format_usd(summary.nanos_per_call or 0)
    return Point(
        x=x, y=y, low_y=_y(summary.low), high_y=_y(summary.high), colour=place % _COLOURS, name=summary.name,
        label_x=x - 10 if is_right else x + 10, label_y=y + 4, anchor="end" if is_right else "start",
        title=f"{summary.name}: {summary.accuracy or 0:.0%} passed, {money} a call", is_best=is_best,
        is_efficient=row.is_efficient,
    )  # fmt: skip


def _spread(points: Sequence[Point]) -> list[Point]:
    """Names that would be written over one another stand below one another."""
    placed: list[Point] = []
    for point in sorted(points, key=lambda each: (each.label_y, each.x)):
        label_y = point.label_y
        for other in placed:
            if abs(other.label_x - point.label_x) < 150 and abs(other.label_y - label_y) < _LABEL_HEIGHT:
                label_y = other.label_y + _LABEL_HEIGHT
        fields = {name: getattr(point, name) for name in Point.__slots__}
        placed.append(Point(**{**fields, "label_y": round(label_y, 1)}))
    return placed
