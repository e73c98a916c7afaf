"""PURE: the life of a rollout: draft, running step by step, paused, and one of two ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from prompts.rollout.policy.bounds import (
    NAMES,
    Bound,
    BoundFigures,
    BoundState,
    Check,
    Guard,
    check_bound,
)
from prompts.rollout.policy.lifecycle import LifecycleError

MAX_STEPS = 20
_MAX_MINUTES = 60 * 24 * 90
_MAX_CALLS = 10_000_000


class RolloutState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ROLLED_BACK = "rolled_back"
    COMPLETED = "completed"


class RolloutAction(StrEnum):
    START = "start"
    STAY = "stay"
    ADVANCE = "advance"
    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "roll_back"
    COMPLETE = "complete"


_NEXT = {
    (RolloutState.DRAFT, RolloutAction.START): RolloutState.RUNNING,
    (RolloutState.RUNNING, RolloutAction.ADVANCE): RolloutState.RUNNING,
    (RolloutState.RUNNING, RolloutAction.PAUSE): RolloutState.PAUSED,
    (RolloutState.RUNNING, RolloutAction.ROLL_BACK): RolloutState.ROLLED_BACK,
    (RolloutState.RUNNING, RolloutAction.COMPLETE): RolloutState.COMPLETED,
    (RolloutState.PAUSED, RolloutAction.RESUME): RolloutState.RUNNING,
    (RolloutState.PAUSED, RolloutAction.ROLL_BACK): RolloutState.ROLLED_BACK,
    (RolloutState.PAUSED, RolloutAction.COMPLETE): RolloutState.COMPLETED,
}
LIVE = frozenset({RolloutState.RUNNING, RolloutState.PAUSED})
"""Calls are shared out. A paused rollout keeps its share, and is still watched."""
WORDS = {
    RolloutState.DRAFT: "has not been started",
    RolloutState.RUNNING: "is running",
    RolloutState.PAUSED: "is paused",
    RolloutState.ROLLED_BACK: "has been rolled back",
    RolloutState.COMPLETED: "is completed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStep:
    """A share of callers, for at least so long and until at least so many calls got the version."""

    share: float
    minutes: int
    calls: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a rollout is. Steps count from 0."""

    state: RolloutState
    step: int = 0


@dataclass(frozen=True, slots=True)
class RolloutDecision:
    """What is to be done, and why, in words; the checks that were made."""

    action: RolloutAction
    reason: str = ""
    checks: tuple[Check, ...] = ()


def next_position(now: Position, action: RolloutAction, *, steps: int) -> Position:
    """Where an action leads. LifecycleError where it does not go with the state."""
    if action is RolloutAction.STAY:
        return now
    found = _NEXT.get((now.state, action))
    if found is None:
        raise LifecycleError(f"This rollout {WORDS[now.state]}.")
    if action is RolloutAction.ADVANCE and now.step + 1 >= steps:
        raise LifecycleError("This is the last step. Complete the rollout instead.")
    return Position(found, now.step + (action is RolloutAction.ADVANCE))


def share_at(now: Position, plan: Sequence[RolloutStep]) -> float:
    """The share of callers that get the version."""
    if now.state is RolloutState.COMPLETED:
        return 1.0
    return plan[now.step].share if now.state in LIVE else 0.0


def decide(
    now: Position,
    *,
    plan: Sequence[RolloutStep],
    guardrails: Sequence[Bound],
    candidate: BoundFigures,
    stable: BoundFigures,
    elapsed: timedelta,
) -> RolloutDecision:
    """What is to be done now by itself. `elapsed` and the figures are of the step so far."""
    if now.state not in LIVE:
        return RolloutDecision(RolloutAction.STAY)
    checks = tuple(check_bound(guardrail, candidate, stable) for guardrail in guardrails)
    if breached := [each for each in checks if each.standing is BoundState.BREACHED]:
        return RolloutDecision(RolloutAction.ROLL_BACK, _reason(breached, candidate, stable), checks)
    if now.state is RolloutState.PAUSED:
        return RolloutDecision(RolloutAction.STAY, checks=checks)
    step = plan[now.step]
    if elapsed < timedelta(minutes=step.minutes) or candidate.calls < step.calls:
        return RolloutDecision(RolloutAction.STAY, checks=checks)
    if doubtful := [each for each in checks if each.standing is BoundState.DOUBTFUL]:
        text = f"{_reason(doubtful, candidate, stable)} This may be chance: have a look, then resume or roll back."
        return RolloutDecision(RolloutAction.PAUSE, text, checks)
    done = f"Step {now.step + 1} is done: {candidate.calls:,} calls, within all bounds."
    is_last = now.step + 1 >= len(plan)
    return RolloutDecision(RolloutAction.COMPLETE if is_last else RolloutAction.ADVANCE, done, checks)


def _reason(checks: Sequence[Check], candidate: BoundFigures, stable: BoundFigures) -> str:
    return " ".join(_sentence(each.guardrail, candidate, stable) for each in checks)


def _sentence(guardrail: Bound, candidate: BoundFigures, stable: BoundFigures) -> str:
    guard = guardrail.guard
    limits = []
    if guardrail.most is not None:
        limits.append(f"at most {figure_text(guard, guardrail.most)}")
    if guardrail.times is not None:
        limits.append(
            f"at most {guardrail.times:g} times the {figure_text(guard, stable.value(guard))} of before"
        )
    name = NAMES[guard]
    return f"{name[:1].upper()}{name[1:]}: {figure_text(guard, candidate.value(guard))}, where it may be {' and '.join(limits)}."


def figure_text(guard: Guard, value: float | None) -> str:
    """A figure for people."""
    if value is None:
        return "nothing yet"
    return f"${value / 1e9:.6f}" if guard is Guard.COST else f"{value * 100:.1f} %"


def plan_of(value: Any) -> tuple[RolloutStep, ...]:
    """A plan from its JSON: [{"share": 0.01, "minutes": 30, "calls": 100}, …, {"share": 1, …}].

    Raises ValueError, with words for people.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STEPS:
        raise ValueError(f"A plan has from 1 to {MAX_STEPS} steps.")
    steps = tuple(_step(each, number) for number, each in enumerate(value, start=1))
    for number, (before, after) in enumerate(pairwise(steps), start=2):
        if after.share <= before.share:
            raise ValueError(f"Step {number}: its share must be greater than that of the step before.")
    if steps[-1].share != 1:
        raise ValueError("The last step must have everybody: a share of 100 %.")
    return steps


def _step(value: Any, number: int) -> RolloutStep:
    if not isinstance(value, Mapping) or set(value) != {"share", "minutes", "calls"}:
        raise ValueError(f"Step {number}: give a share, minutes and calls.")
    share, minutes, calls = value["share"], value["minutes"], value["calls"]
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"Step {number}: its share must be above 0 %, and 100 % at most.")
    for name, amount, most in (("minutes", minutes, _MAX_MINUTES), ("calls", calls, _MAX_CALLS)):
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= most:
            raise ValueError(f"Step {number}: its {name} must be a whole number from 0 to {most:,}.")
    return RolloutStep(share=float(share), minutes=minutes, calls=calls)
