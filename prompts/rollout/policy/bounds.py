"""PURE: whether a rollout's version keeps within its bounds, told from chance.

A bound is on a figure itself, or on how many times the stable version's figure it may be, or both. A breach is certain:
the bounds that hold at every moment (`prompts.rollout.policy.sequential`) at 99 % lie beyond it, after 20 calls or more. So three
bad calls decide nothing, and looking every ten seconds raises nothing. It is doubtful where the usual one-sided bounds at
about 90 % (Wilson's, for shares), made to be looked at once, at the end of a step, lie beyond.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Any

from prompts.rollout.policy.sequential import Interval, Sample, mean_bounds, share_bounds

SURE = 0.01
DOUBTFUL_Z = 1.28
DOUBTFUL_Z_EACH = 0.9
"""Of each of two bounds that are compared: both together are about as sure as one at 1.28."""
MIN_CALLS = 20
MIN_COSTS = 50


class Guard(StrEnum):
    """What is watched."""

    ERRORS = "errors"
    CONTRACT = "contract"
    CHECKS = "checks"
    COST = "cost"
    NEGATIVE = "negative"


NAMES = {
    Guard.ERRORS: "errors",
    Guard.CONTRACT: "broken contracts",
    Guard.CHECKS: "answers that fail the checks",
    Guard.COST: "cost per call",
    Guard.NEGATIVE: "negative feedback",
}


_NO_COSTS = Sample()


class BoundState(StrEnum):
    HOLDS = "holds"
    DOUBTFUL = "doubtful"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`most`: a share from 0 to 1, of cost nano-dollars. `times`: of the stable version's figure in the same window."""

    guard: Guard
    most: float | None = None
    times: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many calls, in so many."""

    events: int = 0
    calls: int = 0

    @property
    def estimate(self) -> float | None:
        return self.events / self.calls if self.calls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundFigures:
    """What a version's calls have come to."""

    calls: int = 0
    errors: Share = Share()
    contract: Share = Share()
    checks: Share = Share()
    negative: Share = Share()
    cost: Sample = _NO_COSTS
    """Nano-dollars, by end user or whatever callers are told apart by."""

    def share(self, guard: Guard) -> Share:
        return {
            Guard.ERRORS: self.errors, Guard.CONTRACT: self.contract, Guard.CHECKS: self.checks,
            Guard.NEGATIVE: self.negative,
        }[guard]  # fmt: skip

    def value(self, guard: Guard) -> float | None:
        """The figure itself; None where nothing is known."""
        if guard is Guard.COST:
            return self.cost.mean if self.cost.calls else None
        return self.share(guard).estimate


_Bounds = Callable[[Guard, BoundFigures], Interval]


@dataclass(frozen=True, slots=True)
class Check:
    """One guardrail, and how it stands."""

    guardrail: Bound
    standing: BoundState


def check_bound(guardrail: Bound, candidate: BoundFigures, stable: BoundFigures) -> Check:
    """How one guardrail stands."""
    guard = guardrail.guard
    if not _is_enough(guard, candidate):
        return Check(guardrail, BoundState.HOLDS)
    times = guardrail.times if _is_enough(guard, stable) else None

    def is_over(one: _Bounds, each: _Bounds) -> bool:
        if guardrail.most is not None and one(guard, candidate).low > guardrail.most:
            return True
        return times is not None and each(guard, candidate).low > times * each(guard, stable).high

    # Of two bounds each may be wrong half as often, so that both together are as seldom as declared.
    if is_over(_sure(SURE), _sure(SURE / 2)):
        return Check(guardrail, BoundState.BREACHED)
    is_doubtful = is_over(_usual(DOUBTFUL_Z), _usual(DOUBTFUL_Z_EACH))
    return Check(guardrail, BoundState.DOUBTFUL if is_doubtful else BoundState.HOLDS)


def _is_enough(guard: Guard, figures: BoundFigures) -> bool:
    if guard is Guard.COST:
        return figures.cost.units >= MIN_COSTS
    return figures.share(guard).calls >= MIN_CALLS


def _sure(alpha: float) -> _Bounds:
    """Bounds for looking all the time."""

    def bounds(guard: Guard, figures: BoundFigures) -> Interval:
        if guard is Guard.COST:
            return mean_bounds(figures.cost, alpha=alpha, minimum=MIN_COSTS)
        share = figures.share(guard)
        return share_bounds(share.events, share.calls, alpha=alpha)

    return bounds


def _usual(z: float) -> _Bounds:
    """Bounds for looking once."""

    def bounds(guard: Guard, figures: BoundFigures) -> Interval:
        if guard is Guard.COST:
            width = z * sqrt(figures.cost.variance)
            return Interval(figures.cost.mean, figures.cost.mean - width, figures.cost.mean + width)
        share = figures.share(guard)
        return _wilson(share.events, share.calls, z)

    return bounds


def _wilson(events: int, calls: int, z: float) -> Interval:
    share, z2 = events / calls, z * z
    centre = (share + z2 / (2 * calls)) / (1 + z2 / calls)
    width = z / (1 + z2 / calls) * sqrt(share * (1 - share) / calls + z2 / (4 * calls * calls))
    return Interval(share, centre - width, centre + width)


def bounds_of(value: Mapping[str, Any]) -> tuple[Bound, ...]:
    """Guardrails from their JSON: {"errors": {"most": 0.05, "times": 2}, "cost": {"most": 2000000}}.

    Raises ValueError, with words for people.
    """
    known = {guard.value for guard in Guard}
    if unknown := sorted(set(value) - known):
        raise ValueError(f"“{unknown[0]}” is an unknown guardrail. Choose from: {', '.join(sorted(known))}.")
    return tuple(_guardrail(guard, value[guard]) for guard in Guard if guard in value)


def _guardrail(guard: Guard, bounds: Any) -> Bound:
    what = NAMES[guard]
    if not isinstance(bounds, Mapping) or not set(bounds) <= {"most", "times"} or not bounds:
        raise ValueError(f"For {what}, give “most”, “times”, or both.")
    most, times = (_number(bounds.get(name), what) for name in ("most", "times"))
    if guard is not Guard.COST and most is not None and not 0 <= most < 1:
        raise ValueError(f"For {what}, “most” is a share: from 0 to less than 1.")
    if times is not None and times < 1:
        raise ValueError(f"For {what}, “times” is 1 or more.")
    return Bound(guard=guard, most=most, times=times)


def _number(value: Any, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise ValueError(f"For {what}, “most” and “times” are numbers, 0 or more.")
    return float(value)
