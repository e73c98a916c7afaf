"""PURE: what can be said of an experiment's arms: better, worse, equivalent, nothing yet; never sooner than is sound.

The declared probability of any false word in the whole experiment, `ALPHA`, is split evenly among all comparisons: each
arm with the control, in each metric. Looking often, or stopping early, does not raise it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, isfinite

from prompts.rollout.policy.sequential import (
    Interval,
    Sample,
    calls_needed,
    difference,
    log_ratio,
    share_bounds,
)

ALPHA = 0.05
MIN_MINIMUM = 50
"""The asymptotic bounds are not held to be sound below so many units in an arm (docs/experiments.md)."""
_MISMATCH = 0.001


class Metric(StrEnum):
    """What arms are compared by. Values of a call that did not get as far as having one are left out."""

    HELPFUL = "helpful"
    SCORE = "score"
    CHECKS = "checks"
    CONTRACT = "contract"
    ERRORS = "errors"
    COST = "cost"
    LATENCY = "latency"


class Scale(StrEnum):
    SHARE = "share"  # of calls; compared in points
    MEAN = "mean"  # compared by the difference
    RATIO = "ratio"  # a mean; compared by its change in per cent
    LOG = "log"  # of a logarithm; compared as the change of the typical value in per cent


SCALES: dict[Metric, Scale] = {
    Metric.HELPFUL: Scale.SHARE,
    Metric.SCORE: Scale.MEAN,
    Metric.CHECKS: Scale.SHARE,
    Metric.CONTRACT: Scale.SHARE,
    Metric.ERRORS: Scale.SHARE,
    Metric.COST: Scale.RATIO,
    Metric.LATENCY: Scale.LOG,
}
MORE_IS_BETTER = frozenset({Metric.CHECKS, Metric.HELPFUL, Metric.SCORE})
MARGINS: dict[Metric, float] = {
    Metric.HELPFUL: 0.02,
    Metric.SCORE: 0.02,
    Metric.CHECKS: 0.02,
    Metric.CONTRACT: 0.01,
    Metric.ERRORS: 0.01,
    Metric.COST: 0.05,
    Metric.LATENCY: 0.05,
}
"""Differences up to these don't matter: where the bounds lie within, arms are equivalent."""


class ComparisonVerdict(StrEnum):
    TOO_EARLY = "too_early"
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    OPEN = "open"  # no difference found yet


class ComparisonOutcome(StrEnum):
    """Of an arm, all metrics together. The first metric is what the experiment is about; the others must not suffer."""

    TOO_EARLY = "too_early"
    WINS = "wins"
    LOSES = "loses"
    MIXED = "mixed"  # better in the first, worse in another
    EQUIVALENT = "equivalent"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An arm and the control in one metric. `interval` is in points of a share, or as a part of the control's value.

    `missing` is how many units are still to come before anything is said, in the arm that has fewer.
    """

    metric: Metric
    arm: Sample
    control: Sample
    interval: Interval
    verdict: ComparisonVerdict
    missing: int = 0
    needed: int = 0
    """About how many units each arm must have before a difference of the margin's size is found. 0: can't be told."""


def compare(metric: Metric, arm: Sample, control: Sample, *, comparisons: int, minimum: int) -> Comparison:
    """The arm against the control, as one of so many comparisons of the experiment."""
    minimum = max(minimum, MIN_MINIMUM)
    missing = max(0, minimum - min(arm.units, control.units))
    interval = _interval(metric, arm, control, alpha=ALPHA / comparisons, minimum=minimum)
    verdict = (
        ComparisonVerdict.TOO_EARLY if missing or not isfinite(interval.low) else _verdict(metric, interval)
    )
    smaller = min(arm, control, key=lambda sample: sample.units)
    return Comparison(
        metric=metric,
        arm=arm,
        control=control,
        interval=interval,
        verdict=verdict,
        missing=missing,
        needed=calls_needed(interval, smaller, margin=MARGINS[metric]) if not missing else 0,
    )


def outcome(verdicts: Sequence[ComparisonVerdict]) -> ComparisonOutcome:
    """What follows for an arm from its verdicts, that on the first metric first."""
    first, *others = verdicts
    if first is ComparisonVerdict.WORSE:
        return ComparisonOutcome.LOSES
    suffers = ComparisonVerdict.WORSE in others
    if first is ComparisonVerdict.BETTER:
        return ComparisonOutcome.MIXED if suffers else ComparisonOutcome.WINS
    if suffers:
        return ComparisonOutcome.LOSES
    return {
        ComparisonVerdict.TOO_EARLY: ComparisonOutcome.TOO_EARLY,
        ComparisonVerdict.EQUIVALENT: ComparisonOutcome.EQUIVALENT,
    }.get(first, ComparisonOutcome.OPEN)


def is_lopsided(units: Mapping[int, int], weights: Mapping[int, int]) -> bool:
    """Whether arms got other numbers of units than their weights say, beyond chance: then no comparison is fair."""
    total, all_weights = sum(units.values()), sum(weights.values())
    return any(
        not bounds.low <= weight / all_weights <= bounds.high
        for arm, weight in weights.items()
        for bounds in (share_bounds(units.get(arm, 0), total, alpha=_MISMATCH / len(weights)),)
    )


def _interval(metric: Metric, arm: Sample, control: Sample, *, alpha: float, minimum: int) -> Interval:
    scale = SCALES[metric]
    if scale is Scale.SHARE:
        return difference(arm.smoothed(), control.smoothed(), alpha=alpha, minimum=minimum)
    if scale is Scale.MEAN:
        return difference(arm, control, alpha=alpha, minimum=minimum)
    compared = log_ratio if scale is Scale.RATIO else difference
    found = compared(arm, control, alpha=alpha, minimum=minimum)
    return Interval(_change(found.estimate), _change(found.low), _change(found.high))


def _change(logarithm: float) -> float:
    return inf if logarithm > 500 else exp(logarithm) - 1


def _verdict(metric: Metric, interval: Interval) -> ComparisonVerdict:
    low, high = interval.low, interval.high
    if metric not in MORE_IS_BETTER:
        low, high = -high, -low
    if low > 0:
        return ComparisonVerdict.BETTER
    if high < 0:
        return ComparisonVerdict.WORSE
    margin = MARGINS[metric]
    return ComparisonVerdict.EQUIVALENT if -margin < low and high < margin else ComparisonVerdict.OPEN
