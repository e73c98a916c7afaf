"""PURE: inference that may be looked at as often as one likes, and stopped whenever one likes.

Two kinds of bounds, both holding at all moments together with the declared probability:

- `share_bounds`: exact for any number of calls, of a share of independent yes-or-no outcomes; by Robbins' mixture of
  binomial likelihoods with a Beta(1/2, 1/2) prior, and Ville's inequality.
- `difference` and `mean_bounds`: asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
  "Time-uniform central limit theory and asymptotic confidence sequences", 2021), for means of anything with a variance.
  They hold from a minimum sample on.

Calls of one end user resemble each other, so variances are those of units (end users, sessions), not of calls.
"""

from dataclasses import dataclass
from math import inf, lgamma, log, sqrt

TUNED_AT = 4
"""Bounds are made tightest at so many times the minimum sample."""
_PRIOR = 0.5
_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is known of one quantity in one arm, as sums over its units: n is a unit's calls, s the sum of its values."""

    units: int = 0
    calls: float = 0  # Σ n
    total: float = 0  # Σ s
    squares: float = 0  # Σ s²
    products: float = 0  # Σ s n
    sizes: float = 0  # Σ n²

    @property
    def mean(self) -> float:
        """Of a call. 0 where there is none."""
        return self.total / self.calls if self.calls else 0.0

    @property
    def variance(self) -> float:
        """Of the mean, by its units; infinite for fewer than two."""
        if self.units < 2 or not self.calls:
            return inf
        mean = self.mean
        spread = self.squares - 2 * mean * self.products + mean * mean * self.sizes
        return max(0.0, spread) / self.calls**2 * self.units / (self.units - 1)

    def smoothed(self) -> "Sample":
        """With a yes and a no added: of a hundred noes it does not follow that there are never any yeses."""
        return Sample(
            units=self.units + 2,
            calls=self.calls + 2,
            total=self.total + 1,
            squares=self.squares + 1,
            products=self.products + 1,
            sizes=self.sizes + 2,
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, and between which bounds the truth lies, whenever one looks."""

    estimate: float
    low: float
    high: float


UNKNOWN = Interval(0.0, -inf, inf)


def difference(arm: Sample, control: Sample, *, alpha: float, minimum: int) -> Interval:
    """The arm's mean less the control's. Meant to be looked at from `minimum` units in each on."""
    variance = arm.variance + control.variance
    if variance == inf:
        return UNKNOWN
    estimate = arm.mean - control.mean
    width = sqrt(variance) * _multiple(_together(arm, control), alpha=alpha, tuned_at=TUNED_AT * minimum / 2)
    return Interval(estimate, estimate - width, estimate + width)


def log_ratio(arm: Sample, control: Sample, *, alpha: float, minimum: int) -> Interval:
    """The logarithm of the arm's mean over the control's, of what is above 0 and may have long tails, such as cost."""
    if arm.mean <= 0 or control.mean <= 0:
        return UNKNOWN
    variance = arm.variance / arm.mean**2 + control.variance / control.mean**2
    if variance == inf:
        return UNKNOWN
    estimate = log(arm.mean / control.mean)
    width = sqrt(variance) * _multiple(_together(arm, control), alpha=alpha, tuned_at=TUNED_AT * minimum / 2)
    return Interval(estimate, estimate - width, estimate + width)


def mean_bounds(sample: Sample, *, alpha: float, minimum: int) -> Interval:
    """A mean. Meant to be looked at from `minimum` units on."""
    if sample.variance == inf:
        return UNKNOWN
    width = sqrt(sample.variance) * _multiple(sample.units, alpha=alpha, tuned_at=TUNED_AT * minimum)
    return Interval(sample.mean, sample.mean - width, sample.mean + width)


def share_bounds(events: float, calls: float, *, alpha: float) -> Interval:
    """The share of calls in which something happens."""
    if calls <= 0:
        return Interval(0.0, 0.0, 1.0)
    estimate = events / calls
    most = log(1 / alpha)
    return Interval(
        estimate,
        0.0 if events <= 0 else _crossing(events, calls, most, inside=estimate, outside=0.0),
        1.0 if events >= calls else _crossing(events, calls, most, inside=estimate, outside=1.0),
    )


def evidence_against(share: float, events: float, calls: float) -> float:
    """The logarithm of how much better the mixture explains the outcomes than `share` does."""
    misses = calls - events
    if (share <= 0 and events > 0) or (share >= 1 and misses > 0):
        return inf
    likelihood = (events * log(share) if events else 0.0) + (misses * log(1 - share) if misses else 0.0)
    return _log_beta(events + _PRIOR, misses + _PRIOR) - _log_beta(_PRIOR, _PRIOR) - likelihood


def calls_needed(interval: Interval, sample: Sample, *, margin: float) -> int:
    """About how many units each arm must have for bounds no further than `margin` from the estimate."""
    width = interval.high - interval.estimate
    if width == inf or margin <= 0:
        return 0
    return round(sample.units * (width / margin) ** 2)


def _together(arm: Sample, control: Sample) -> float:
    """The two samples' size as one: that of a mean with the variance of their difference."""
    return arm.units * control.units / (arm.units + control.units)


def _multiple(size: float, *, alpha: float, tuned_at: float) -> float:
    """By how many standard deviations of the mean the bounds lie apart from the estimate."""
    scaled = size * _rho_squared(alpha, tuned_at)
    return sqrt(2 * (scaled + 1) / scaled * log(sqrt(scaled + 1) / alpha))


def _rho_squared(alpha: float, size: float) -> float:
    """The parameter with which the bounds are tightest at a size (section 3.5 and appendix of the paper)."""
    twice = -2 * log(alpha)
    return (twice + log(twice + 1)) / size


def _crossing(events: float, calls: float, most: float, *, inside: float, outside: float) -> float:
    """Where the evidence against a share reaches `most`, between the estimate and the end of the scale."""
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if evidence_against(middle, events, calls) < most:
            inside = middle
        else:
            outside = middle
    return outside


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)
