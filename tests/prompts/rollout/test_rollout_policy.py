"""The life of a rollout: whatever comes, its share rises only step by step, never while paused, and an end is an end."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.rollout.policy.bounds import (
    Bound,
    BoundFigures,
    BoundState,
    Guard,
    Share,
    bounds_of,
    check_bound,
)
from prompts.rollout.policy.experiments import ExperimentAction as ExperimentAction
from prompts.rollout.policy.experiments import ExperimentState as ExperimentState
from prompts.rollout.policy.experiments import check_arms, next_state
from prompts.rollout.policy.lifecycle import LifecycleError
from prompts.rollout.policy.rollouts import (
    LIVE,
    Position,
    RolloutAction,
    RolloutState,
    decide,
    next_position,
    plan_of,
    share_at,
)
from tests.prompts.rollout.samples import sample_of

PLAN = plan_of(
    [
        {"share": 0.01, "minutes": 10, "calls": 100},
        {"share": 0.5, "minutes": 10, "calls": 100},
        {"share": 1, "minutes": 10, "calls": 100},
    ]
)
ERRORS = Bound(guard=Guard.ERRORS, most=0.05)
TWICE = Bound(guard=Guard.ERRORS, times=2)
LONG = timedelta(minutes=11)


def _figures(errors: int = 0, calls: int = 0) -> BoundFigures:
    return BoundFigures(calls=calls, errors=Share(errors, calls))


FIGURES = st.integers(0, 3000).flatmap(
    lambda calls: st.builds(_figures, st.integers(0, calls), st.just(calls))
)
MANUAL = st.sampled_from(list(RolloutAction))


def _decided(
    now: Position,
    candidate: BoundFigures,
    stable: BoundFigures | None = None,
    *,
    elapsed=LONG,
    guardrails=(ERRORS,),
):
    return decide(
        now, plan=PLAN, guardrails=guardrails, candidate=candidate, stable=stable or _figures(), elapsed=elapsed
    )  # fmt: skip


@given(st.lists(st.one_of(MANUAL, st.tuples(FIGURES, FIGURES, st.integers(0, 30))), max_size=30))
def test_whatever_comes(events: list) -> None:
    now, highest = Position(RolloutState.DRAFT), 0
    for event in events:
        before = now
        if isinstance(event, RolloutAction):
            action = event
        else:
            candidate, stable, minutes = event
            found = _decided(
                now, candidate, stable, elapsed=timedelta(minutes=minutes), guardrails=(ERRORS, TWICE)
            )
            action = found.action
            # What is decided can be done, and has a reason.
            assert action is RolloutAction.STAY or found.reason
            next_position(now, action, steps=len(PLAN))
        with suppress(LifecycleError):
            now = next_position(now, action, steps=len(PLAN))
        share, was = share_at(now, PLAN), share_at(before, PLAN)
        if before.state is RolloutState.PAUSED and action is not RolloutAction.COMPLETE:
            assert share <= was
        if before.state in (RolloutState.ROLLED_BACK, RolloutState.COMPLETED):
            assert now == before
        if now.state in LIVE:
            assert now.step in (highest, highest + 1)
            assert share >= was
            highest = now.step
        assert (share == 0) == (now.state in (RolloutState.DRAFT, RolloutState.ROLLED_BACK))


def test_three_bad_calls_decide_nothing() -> None:
    running = Position(RolloutState.RUNNING)
    assert _decided(running, _figures(3, 3)).action is RolloutAction.STAY
    assert (
        _decided(running, _figures(3, 3), _figures(0, 10_000), guardrails=(TWICE,)).action
        is RolloutAction.STAY
    )


def test_a_clear_breach_rolls_back_at_once_even_while_paused() -> None:
    for state in LIVE:
        found = _decided(Position(state, 1), _figures(30, 60), elapsed=timedelta())
        assert found.action is RolloutAction.ROLL_BACK
        assert found.reason == "Errors: 50.0 %, where it may be at most 5.0 %."


def test_a_breach_is_told_by_the_stable_version_too() -> None:
    running = Position(RolloutState.RUNNING)
    stable = _figures(100, 10_000)
    worse = _decided(running, _figures(40, 400), stable, guardrails=(TWICE,))
    assert worse.action is RolloutAction.ROLL_BACK
    assert "at most 2 times the 1.0 % of before" in worse.reason
    both = _decided(running, _figures(40, 400), _figures(1000, 10_000), guardrails=(TWICE,))
    assert both.action is RolloutAction.ADVANCE
    unknown = _decided(running, _figures(40, 400), _figures(0, 5), guardrails=(TWICE,))
    assert unknown.action is RolloutAction.ADVANCE


def test_what_may_be_chance_pauses_at_the_end_of_the_step() -> None:
    running, figures = Position(RolloutState.RUNNING), _figures(14, 130)
    assert check_bound(ERRORS, figures, _figures()).standing is BoundState.DOUBTFUL
    assert _decided(running, figures, elapsed=timedelta(minutes=9)).action is RolloutAction.STAY
    found = _decided(running, figures)
    assert found.action is RolloutAction.PAUSE
    assert "have a look" in found.reason


@pytest.mark.parametrize(
    ("calls", "minutes", "action"),
    [
        (100, 10, RolloutAction.ADVANCE),
        (99, 10, RolloutAction.STAY),
        (100, 9, RolloutAction.STAY),
        (5000, 0, RolloutAction.STAY),
    ],
)
def test_a_step_takes_its_time_and_its_calls(calls: int, minutes: int, action: RolloutAction) -> None:
    found = _decided(Position(RolloutState.RUNNING), _figures(1, calls), elapsed=timedelta(minutes=minutes))
    assert found.action is action


def test_after_the_last_step_it_is_completed() -> None:
    last = Position(RolloutState.RUNNING, 2)
    assert _decided(last, _figures(0, 100)).action is RolloutAction.COMPLETE
    with pytest.raises(LifecycleError, match="last step"):
        next_position(last, RolloutAction.ADVANCE, steps=3)
    assert _decided(Position(RolloutState.PAUSED, 2), _figures(0, 100)).action is RolloutAction.STAY


def test_cost_is_a_mean_and_a_single_dear_call_does_not_decide() -> None:
    guardrail = Bound(guard=Guard.COST, times=1.5)
    stable = BoundFigures(cost=sample_of([1000.0 + number % 7 for number in range(500)]))
    dear = BoundFigures(calls=100, cost=sample_of([1000.0] * 99 + [200_000.0]))
    double = BoundFigures(calls=100, cost=sample_of([2000.0 + number % 7 for number in range(100)]))
    assert check_bound(guardrail, dear, stable).standing is not BoundState.BREACHED
    assert check_bound(guardrail, double, stable).standing is BoundState.BREACHED
    assert (
        "$0.000002"
        in _decided(Position(RolloutState.RUNNING), double, stable, guardrails=(guardrail,)).reason
    )


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([], "from 1 to"),
        ([{"share": 0.5, "minutes": 1, "calls": 1}], "everybody"),
        ([{"share": 0.5, "minutes": 1, "calls": 1}, {"share": 0.5, "minutes": 1, "calls": 1}], "greater"),
        ([{"share": 2, "minutes": 1, "calls": 1}], "above 0 %"),
        ([{"share": 1, "minutes": -1, "calls": 1}], "minutes"),
        ([{"share": 1, "minutes": 1, "calls": True}], "calls"),
        ([{"share": 1}], "give a share"),
        ("soon", "from 1 to"),
    ],
)
def test_plans_that_can_t_be(plan: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plan_of(plan)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"speed": {"most": 1}}, "an unknown guardrail"),
        ({"errors": {}}, "give “most”"),
        ({"errors": {"most": 1}}, "share"),
        ({"errors": {"times": 0.5}}, "1 or more"),
        ({"cost": {"most": "5"}}, "numbers"),
        ({"cost": {"least": 5}}, "give “most”"),
    ],
)
def test_guardrails_that_can_t_be(value: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bounds_of(value)
    assert bounds_of({"cost": {"most": 2_000_000, "times": 2}})[0].most == 2_000_000


def test_an_experiment_is_started_and_stopped_once() -> None:
    assert next_state(ExperimentState.DRAFT, ExperimentAction.START) is ExperimentState.RUNNING
    assert next_state(ExperimentState.RUNNING, ExperimentAction.STOP) is ExperimentState.STOPPED
    for state, action in (
        (ExperimentState.STOPPED, ExperimentAction.START),
        (ExperimentState.DRAFT, ExperimentAction.STOP),
        (ExperimentState.RUNNING, ExperimentAction.START),
    ):
        with pytest.raises(LifecycleError):
            next_state(state, action)


@pytest.mark.parametrize(
    "arms",
    [
        [("a", 1, "", 1)],
        [("a", 1, "", 1), ("a", 2, "", 1)],
        [("a", 1, "", 1), ("b", 1, "", 1)],
        [("a", 1, "", 1), ("b", 2, "", 0)],
        [(str(number), number, "", 1) for number in range(6)],
    ],
)
def test_arms_that_can_t_be_compared(arms: list) -> None:
    with pytest.raises(LifecycleError):
        check_arms(arms)
    check_arms([("a", 1, "", 1), ("b", 1, "cheap", 1)])
