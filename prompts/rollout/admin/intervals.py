"""PURE: the words and pictures of comparisons."""

from dataclasses import dataclass
from math import exp, inf, isfinite

from kernel.money import format_usd
from prompts.rollout.policy.sequential import Interval, Sample
from prompts.rollout.policy.verdicts import MARGINS, SCALES, Metric, Scale


@dataclass(frozen=True, slots=True)
class Picture:
    """A bar from `left` on, `width` wide, with a dot, on a line 100 wide whose middle is no difference."""

    left: float
    width: float
    dot: float
    margin_left: float
    margin_width: float


def picture_of(metric: Metric, interval: Interval) -> Picture | None:
    """The bounds of a difference; None where nothing is known."""
    if not (isfinite(interval.low) and isfinite(interval.high)):
        return None
    margin = MARGINS[metric]
    reach = max(abs(interval.low), abs(interval.high), 2 * margin) * 1.05

    def at(value: float) -> float:
        return round(50 + value / reach * 50, 2)

    return Picture(
        left=at(interval.low),
        width=round(max(0.6, at(interval.high) - at(interval.low)), 2),
        dot=at(interval.estimate),
        margin_left=at(-margin),
        margin_width=round(at(margin) - at(-margin), 2),
    )


def value_text(metric: Metric, sample: Sample) -> str:
    """What an arm's calls come to, for people."""
    if not sample.calls:
        return "nothing yet"
    scale, mean = SCALES[metric], sample.mean
    if scale is Scale.SHARE:
        return f"{mean * 100:.1f} %"
    if scale is Scale.RATIO:
        return format_usd(round(mean))
    if scale is Scale.LOG:
        typical = exp(mean)
        return f"{typical:.0f} ms" if typical < 10_000 else f"{typical / 1000:.1f} s"
    return f"{mean:.2f}"


def difference_text(metric: Metric, interval: Interval) -> str:
    """The difference and its bounds, for people."""
    if not (isfinite(interval.low) and isfinite(interval.high)):
        return "can't be told yet"
    if SCALES[metric] is Scale.MEAN:
        return f"{interval.estimate:+.2f} ({interval.low:+.2f} to {interval.high:+.2f})"
    unit = "points" if SCALES[metric] is Scale.SHARE else "%"
    estimate, low, high = (
        min(value, inf) * 100 for value in (interval.estimate, interval.low, interval.high)
    )
    return f"{estimate:+.1f} {unit} ({low:+.1f} to {high:+.1f})"
