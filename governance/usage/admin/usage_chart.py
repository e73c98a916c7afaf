"""PURE: a budget's course as the points of a drawing, in per cent of its width and height."""

from dataclasses import dataclass

from governance.usage.selectors.burn_down import BurnDown
from kernel.money import format_usd


@dataclass(frozen=True, slots=True)
class Course:
    """Polylines of an SVG 100 wide and 100 high: spent, expected, the band of the forecast, and the limit's height."""

    spent: str
    expected: str
    band: str
    limit_y: float
    top: str
    text: str
    is_short: bool


def course_of(found: BurnDown) -> Course:
    """The drawing of a budget's period."""
    state, guess = found.state, found.forecast
    length = (state.ends_at - state.starts_at).total_seconds()
    limit = state.limit
    highest = max(limit, state.spent, guess.high if guess else 0, 1) * 1.05
    day = 86_400 / length * 100

    def at(x: float, amount: float) -> str:
        return f"{min(100.0, x):.2f},{100 - amount / highest * 100:.2f}"

    points = [at(0, 0), *(at((n + 1) * day, amount) for n, (_, amount) in enumerate(found.days))]
    now_x = min(100.0, len(found.days) * day)
    expected = band = ""
    if guess is not None:
        expected = f"{at(now_x, state.spent)} {at(100, guess.expected)}"
        band = f"{at(now_x, state.spent)} {at(100, guess.high)} {at(100, guess.low)}"
    return Course(
        spent=" ".join(points),
        expected=expected,
        band=band,
        limit_y=round(100 - limit / highest * 100, 2),
        top=format_usd(round(highest)),
        text=_words(found),
        is_short=guess is not None and guess.expected > limit,
    )


def _words(found: BurnDown) -> str:
    state, guess = found.state, found.forecast
    so_far = f"{format_usd(state.spent)} of {format_usd(state.limit)} spent"
    if guess is None:
        return f"{so_far}. Too early to say what it will come to."
    text = (
        f"{so_far}. By {state.ends_at:%Y-%m-%d} about {format_usd(guess.expected)}, four times in five between "
        f"{format_usd(guess.low)} and {format_usd(guess.high)}."
    )
    if guess.runs_out_at is not None:
        text += f" At this pace it runs out on {guess.runs_out_at:%Y-%m-%d}."
    return text
