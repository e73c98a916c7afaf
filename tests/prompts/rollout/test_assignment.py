"""Which version of a prompt a call gets."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.rollout.policy.assignment import (
    ArmEntry,
    Caller,
    ExperimentEntry,
    RolloutEntry,
    Segment,
    Unit,
    choose,
    point_of,
    segment_of,
)

SALT = b"salt of an experiment"


def _arm(number: int, weight: int, model: str = "") -> ArmEntry:
    return ArmEntry(id=number, name=f"arm {number}", version=number, weight=weight, model=model)


def _experiment(*weights: int, unit: Unit = Unit.END_USER, salt: bytes = SALT) -> ExperimentEntry:
    arms = tuple(_arm(number, weight) for number, weight in enumerate(weights, start=1))
    return ExperimentEntry(id=7, name="Shorter", unit=unit, salt=salt, arms=arms)


def _rollout(share: float, segment: Segment | None = None) -> RolloutEntry:
    return RolloutEntry(
        id=9, unit=Unit.END_USER, salt=SALT, version=2, stable_version=1, share=share,
        segment=segment or Segment(),
    )  # fmt: skip


def _caller(end_user: str = "", session: str = "", **attributes: str) -> Caller:
    return Caller(team_id=1, application_id=10, end_user=end_user, session=session, attributes=attributes)


@given(st.text(min_size=1), st.integers())
def test_the_same_end_user_gets_the_same_arm_whatever_is_drawn(name: str, seed: int) -> None:
    entry = _experiment(1, 1, 1)
    first = choose(entry, _caller(name), Random(seed))
    assert choose(entry, _caller(name, session="another"), Random(seed + 1)) == first


def test_arms_get_calls_by_their_weights() -> None:
    entry = _experiment(1, 3, 0)
    counts = Counter(choose(entry, _caller(f"user {number}"), Random(0)).arm_id for number in range(8000))
    assert counts[3] == 0
    assert counts[1] == pytest.approx(2000, rel=0.06)
    assert counts[2] == pytest.approx(6000, rel=0.06)


def test_another_salt_shuffles_anew() -> None:
    one, other = _experiment(1, 1), _experiment(1, 1, salt=b"another")
    callers = [_caller(f"user {number}") for number in range(4000)]
    same = sum(
        choose(one, caller, Random(0)).arm_id == choose(other, caller, Random(0)).arm_id for caller in callers
    )
    assert same == pytest.approx(2000, rel=0.1)


def test_who_says_nothing_is_drawn_for_each_call() -> None:
    entry, random = _experiment(1, 1, unit=Unit.SESSION), Random(3)
    found = {choose(entry, _caller("somebody"), random).arm_id for _ in range(50)}
    assert found == {1, 2}
    assert len({choose(entry, _caller("somebody", session="s"), random).arm_id for _ in range(50)}) == 1


def test_an_arm_may_name_another_model() -> None:
    entry = ExperimentEntry(id=1, name="m", unit=Unit.CALL, salt=SALT, arms=(_arm(4, 1, model="cheap"),))
    choice = choose(entry, _caller(), Random(0))
    assert (choice.version, choice.model, choice.experiment_id, choice.arm) == (4, "cheap", 1, "arm 4")


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_at_a_share_is_in_at_every_greater_one(name: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    random = Random(0)
    if choose(_rollout(low), _caller(name), random).version == 2:
        assert choose(_rollout(high), _caller(name), random).version == 2


@given(st.text())
def test_nobody_is_in_at_none_and_everybody_at_the_whole(name: str) -> None:
    assert choose(_rollout(0), _caller(name), Random(0)).version == 1
    assert choose(_rollout(1), _caller(name), Random(0)).version == 2
    assert 0 <= point_of(name, SALT) < 1


def test_a_call_outside_the_segment_is_left_to_the_label() -> None:
    segment = segment_of({"applications": [10], "attributes": {"country": ["de", "at"]}})
    entry = _rollout(1, segment)
    assert choose(entry, _caller("a", country="de"), Random(0)).rollout_id == 9
    assert choose(entry, _caller("a", country="fr"), Random(0)) is None
    assert choose(entry, _caller("a"), Random(0)) is None
    assert choose(_rollout(1, segment_of({"teams": [2]})), _caller("a"), Random(0)) is None
    assert choose(_rollout(1, segment_of({})), _caller("a"), Random(0)) is not None
