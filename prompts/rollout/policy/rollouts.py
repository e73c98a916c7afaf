"""PURE: the life of a rollout: draft, running step by step, paused, and one of two ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from prompts.rollout.policy.guardrails import NAMES, Check, Figures, Guard, Guardrail, Standing, check
from prompts.rollout.policy.lifecycle import LifecycleError

MAX_STEPS = 20
_MAX_MINUTES = 60 * 24 * 90
_MAX_CALLS = 10_000_000


class State(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ROLLED_BACK = "rolled_back"
    COMPLETED = "completed"


class Action(StrEnum):
    START = "start"
    STAY = "stay"
    ADVANCE = "advance"
    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "roll_back"
    COMPLETE = "complete"


_NEXT = {
    (State.DRAFT, Action.START): State.RUNNING,
    (State.RUNNING, Action.ADVANCE): State.RUNNING,
    (State.RUNNING, Action.PAUSE): State.PAUSED,
    (State.RUNNING, Action.ROLL_BACK): State.ROLLED_BACK,
    (State.RUNNING, Action.COMPLETE): State.COMPLETED,
    (State.PAUSED, Action.RESUME): State.RUNNING,
    (State.PAUSED, Action.ROLL_BACK): State.ROLLED_BACK,
    (State.PAUSED, Action.COMPLETE): State.COMPLETED,
}
LIVE = frozenset({State.RUNNING, State.PAUSED})
"""Calls are shared out. A paused rollout keeps its share, and is still watched."""
WORDS = {
    State.DRAFT: "has not been started",
    State.RUNNING: "is running",
    State.PAUSED: "is paused",
    State.ROLLED_BACK: "has been rolled back",
    State.COMPLETED: "is completed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A share of callers, for at least so long and until at least so many calls got the version."""

    share: float
    minutes: int
    calls: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a rollout is. Steps count from 0."""

    state: State
    step: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and why, in words; the checks that were made."""

    action: Action
    reason: str = ""
    checks: tuple[Check, ...] = ()


def next_position(now: Position, action: Action, *, steps: int) -> Position:
    """Where an action leads. LifecycleError where it does not go with the state."""
    if action is Action.STAY:
        return now
    found = _NEXT.get((now.state, action))
    if found is None:
        raise LifecycleError(f"This rollout {WORDS[now.state]}.")
    if action is Action.ADVANCE and now.step + 1 >= steps:
        raise LifecycleError("This is the last step. Complete the rollout instead.")
    return Position(found, now.step + (action is Action.ADVANCE))


def share_at(now: Position, plan: Sequence[Step]) -> float:
    """The share of callers that get the version."""
    if now.state is State.COMPLETED:
        return 1.0
    return plan[now.step].share if now.state in LIVE else 0.0


def decide(
    now: Position,
    *,
    plan: Sequence[Step],
    guardrails: Sequence[Guardrail],
    candidate: Figures,
    stable: Figures,
    elapsed: timedelta,
) -> Decision:
    """What is to be done now by itself. `elapsed` and the figures are of the step so far."""
    if now.state not in LIVE:
        return Decision(Action.STAY)
    checks = tuple(check(guardrail, candidate, stable) for guardrail in guardrails)
    if breached := [each for each in checks if each.standing is Standing.BREACHED]:
        return Decision(Action.ROLL_BACK, _reason(breached, candidate, stable), checks)
    if now.state is State.PAUSED:
        return Decision(Action.STAY, checks=checks)
    step = plan[now.step]
    if elapsed < timedelta(minutes=step.minutes) or candidate.calls < step.calls:
        return Decision(Action.STAY, checks=checks)
    if doubtful := [each for each in checks if each.standing is Standing.DOUBTFUL]:
        text = f"{_reason(doubtful, candidate, stable)} This may be chance: have a look, then resume or roll back."
        return Decision(Action.PAUSE, text, checks)
    done = f"Step {now.step + 1} is done: {candidate.calls:,} calls, within all bounds."
    is_last = now.step + 1 >= len(plan)
    return Decision(Action.COMPLETE if is_last else Action.ADVANCE, done, checks)


def _reason(checks: Sequence[Check], candidate: Figures, stable: Figures) -> str:
    return " ".join(_sentence(each.guardrail, candidate, stable) for each in checks)


def _sentence(guardrail: Guardrail, candidate: Figures, stable: Figures) -> str:
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


def plan_of(value: Any) -> tuple[Step, ...]:
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


def _step(value: Any, number: int) -> Step:
    if not isinstance(value, Mapping) or set(value) != {"share", "minutes", "calls"}:
        raise ValueError(f"Step {number}: give a share, minutes and calls.")
    share, minutes, calls = value["share"], value["minutes"], value["calls"]
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"Step {number}: its share must be above 0 %, and 100 % at most.")
    for name, amount, most in (("minutes", minutes, _MAX_MINUTES), ("calls", calls, _MAX_CALLS)):
        if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= most:
            raise ValueError(f"Step {number}: its {name} must be a whole number from 0 to {most:,}.")
    return Step(share=float(share), minutes=minutes, calls=calls)
