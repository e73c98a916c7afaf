"""How a rollout is doing: both versions' figures in the step so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prompts.rollout.models import Rollout
from prompts.rollout.policy.assignment import Unit
from prompts.rollout.policy.bounds import BoundFigures, Check, Share, bounds_of, check_bound
from prompts.rollout.policy.rollouts import Position, RolloutState, RolloutStep, plan_of
from prompts.rollout.policy.sequential import Sample
from prompts.rollout.selectors.outcomes import Sums, sums_of

_NOTHING = Sample()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStanding:
    """A rollout's step so far."""

    candidate: BoundFigures
    stable: BoundFigures
    checks: tuple[Check, ...]
    elapsed: timedelta


def position_of(rollout: Rollout) -> Position:
    return Position(RolloutState(rollout.state), rollout.step)


def steps_of(rollout: Rollout) -> tuple[RolloutStep, ...]:
    return plan_of(rollout.plan)


def rollout_standing(rollout: Rollout, *, now: datetime) -> RolloutStanding | None:
    """How its step stands; None before it has started. Of one that has ended: how its last step stood."""
    since = rollout.step_started_at
    if since is None or rollout.stable_version is None or rollout.started_at is None:
        return None
    until = rollout.ended_at or now
    # Calls get their ids when they come, which may be a moment after `now` was taken.
    until += timedelta(seconds=1)
    before = rollout.stable_version.number
    by_version = _sums(rollout, since=since, until=until)
    candidate, stable = _figures(by_version[rollout.version.number]), _figures(by_version[before])
    if not stable.calls:  # at a share of 100 %: what it was in the steps before
        stable = _figures(_sums(rollout, since=rollout.started_at, until=until)[before])
    checks = tuple(check_bound(each, candidate, stable) for each in bounds_of(rollout.guardrails))
    return RolloutStanding(candidate=candidate, stable=stable, checks=checks, elapsed=until - since)


def _sums(rollout: Rollout, *, since: datetime, until: datetime) -> Sums:
    return sums_of(
        "rollout", rollout.pk, prompt_id=rollout.prompt_id, unit=Unit(rollout.unit), since=since, until=until
    )


def _figures(sums: Mapping[str, Sample]) -> BoundFigures:
    """What the calls of one version came to."""
    helpful, passed = sums.get("helpful", _NOTHING), sums.get("checks", _NOTHING)
    return BoundFigures(
        calls=int(sums.get("calls", _NOTHING).calls),
        errors=_share(sums.get("errors", _NOTHING)),
        contract=_share(sums.get("contract", _NOTHING)),
        checks=Share(int(passed.calls - passed.total), int(passed.calls)),
        negative=Share(int(helpful.calls - helpful.total), int(helpful.calls)),
        cost=sums.get("cost", _NOTHING),
    )


def _share(sample: Sample) -> Share:
    return Share(int(sample.total), int(sample.calls))


def as_json(standing: RolloutStanding) -> dict[str, Any]:
    """The figures as a rollout's history keeps them."""
    return {
        "candidate": _figures_json(standing.candidate),
        "stable": _figures_json(standing.stable),
        "checks": [
            {
                "guard": each.guardrail.guard.value,
                "most": each.guardrail.most,
                "times": each.guardrail.times,
                "standing": each.standing.value,
            }
            for each in standing.checks
        ],
        "seconds": round(standing.elapsed.total_seconds()),
    }


def _figures_json(found: BoundFigures) -> dict[str, Any]:
    return {
        "calls": found.calls,
        "errors": [found.errors.events, found.errors.calls],
        "contract": [found.contract.events, found.contract.calls],
        "checks": [found.checks.events, found.checks.calls],
        "negative": [found.negative.events, found.negative.calls],
        "mean_cost_nanos": round(found.cost.mean) if found.cost.calls else None,
    }
