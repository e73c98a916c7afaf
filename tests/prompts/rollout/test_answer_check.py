"""What an experiment asks of every answer: it means what it means in test sets, and its time is bounded."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.evaluations.policy.assertions import BadAssertionError, check, decode_assertions
from prompts.evaluations.policy.verdict import AssertionVerdict, Observation
from prompts.rollout.policy.answer_check import (
    MAX_CHARACTERS,
    MAX_CHECKS,
    MAX_LENGTH,
    AnswerCheck,
    Checked,
    checks_of,
)
from prompts.rollout.policy.assignment import ArmEntry, Caller, ExperimentEntry, RolloutEntry, Unit, choose
from prompts.rollout.policy.bounds import Bound, BoundFigures, BoundState, Guard, Share, check_bound
from prompts.rollout.policy.experiments import check_metrics
from prompts.rollout.policy.lifecycle import LifecycleError

DEEP: dict = {}
for _ in range(100_000):
    DEEP = {"not": DEEP}
WORDS = st.sampled_from(["refund", "REFUND", "straße", "STRASSE", "12", "12.50", "a.b", "\n"])
CHECKS = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("contains"), "texts": st.lists(WORDS, min_size=1, max_size=3)},
        optional={"any_of": st.booleans(), "ignore_case": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("forbidden"),
            "texts": st.lists(WORDS, max_size=2),
            "patterns": st.lists(st.sampled_from([r"\d+", "refund$", "^re"]), min_size=1, max_size=2),
        },
        optional={"ignore_case": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("pattern"), "pattern": st.sampled_from([r"\d+(\.\d+)?", "refund", ".*", "ß"])},
        optional={"whole": st.booleans(), "ignore_case": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("json_schema"),
            "schema": st.sampled_from([{}, {"type": "number"}, {"required": ["total"]}, False]),
        }
    ),
    st.fixed_dictionaries(
        {"kind": st.just("equals"), "value": st.sampled_from(["refund", 12, {"total": 12}, [1]])},
        optional={"ignore_case": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("numeric"), "value": st.sampled_from([12, 12.5])},
        optional={"tolerance": st.just(0.6), "path": st.just("total")},
    ),
)
TEXTS = st.one_of(
    st.lists(st.one_of(WORDS, st.sampled_from([" ", "\ud800", "ß"])), max_size=5).map("".join),
    st.sampled_from(
        ['{"total": 12}', '```json\n{"total": 12.5}\n```', "12", "null", "[1]", "NaN", "[" * 9999]
    ),
)


@given(st.lists(CHECKS, min_size=1, max_size=4), TEXTS)
def test_it_means_what_it_means_in_test_sets(raw, text):
    expected = all(
        check(assertion, Observation(output=text)).verdict is AssertionVerdict.PASSED
        for assertion in decode_assertions(raw)
    )
    assert AnswerCheck(checks_of(raw)).outcome(text) is (Checked.PASSED if expected else Checked.FAILED)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"kind": "contains"}, "JSON list"),
        ([{"kind": "similarity"}], "test sets"),
        ([{"kind": "judge", "prompt": "j", "version": 1, "rubric": "Good?"}], "test sets"),
        ([{"kind": "latency", "at_most_ms": 1}], "“Duration”"),
        ([{"kind": "cost", "at_most_usd": "1"}], "“Cost per call”"),
        ([{"kind": "contains"}], "“texts”"),
        ([{"kind": "equals"}], "“value”"),
        ([{"kind": "contains", "texts": ["x"]}, {"kind": "numeric"}], "Assertion 2 (numeric): Give it a “value”"),
        ([{"kind": "pattern", "pattern": "("}], "can't be used"),
        ([{"kind": "pattern", "pattern": r"\pL{999}"}], "too large"),
        ([{"kind": "json_schema", "schema": {"$ref": "#"}}], "a place in the schema itself"),
        ([{"kind": "contains", "texts": ["x"]}] * (MAX_CHECKS + 1), "at most 20"),
        ([{"kind": "contains", "texts": ["x" * MAX_LENGTH]}], "characters together"),
        ([{"kind": "json_schema", "schema": {"properties": DEEP}}], "nested too deeply"),
    ],
)  # fmt: skip
def test_what_can_t_be_checked_on_live_answers_is_named(raw, words):
    with pytest.raises(BadAssertionError) as error:
        checks_of(raw)
    assert words in str(error.value)


def test_what_would_take_too_long_is_not_checked():
    short = AnswerCheck(checks_of([{"kind": "contains", "texts": ["x"]}]))
    assert short.outcome("x" * MAX_CHARACTERS) is Checked.PASSED
    assert short.outcome("x" * (MAX_CHARACTERS + 1)) is Checked.UNCHECKED
    large = AnswerCheck(checks_of([{"kind": "pattern", "pattern": "(a|b){600}"}]))
    assert large.outcome("ab" * 1000) is Checked.PASSED
    assert large.outcome("ab" * 400_000) is Checked.UNCHECKED
    assert short.is_light("x" * 10_000)
    assert not large.is_light("x" * 10_000)


def test_callers_of_an_experiment_or_a_rollout_are_given_its_check():
    made = AnswerCheck(checks_of([{"kind": "contains", "texts": ["x"]}]))
    caller = Caller(team_id=1, application_id=1)
    random = SimpleNamespace(random=lambda: 0.5)
    arms = (ArmEntry(id=1, name="a", version=1, weight=1),)
    experiment = ExperimentEntry(id=1, name="e", unit=Unit.CALL, salt=b"", arms=arms, check=made)
    assert choose(experiment, caller, random).check is made
    for share in (0.1, 0.9):
        rollout = RolloutEntry(
            id=1, unit=Unit.CALL, salt=b"", version=2, stable_version=1, share=share, check=made
        )
        assert choose(rollout, caller, random).check is made, "both versions are compared"


def test_the_metric_and_the_checks_go_together():
    check_metrics(["checks", "cost"], has_checks=True)
    check_metrics(["cost"], has_checks=False)
    for metrics, has_checks in (([], False), (["checks"], False), (["cost"], True)):
        with pytest.raises(LifecycleError):
            check_metrics(metrics, has_checks=has_checks)


def test_a_rollout_whose_answers_fail_is_taken_back():
    guard = Bound(guard=Guard.CHECKS, most=0.05, times=2)
    stable = BoundFigures(calls=100, checks=Share(1, 100))
    assert check_bound(guard, BoundFigures(checks=Share(19, 19)), stable).standing is BoundState.HOLDS
    assert check_bound(guard, BoundFigures(checks=Share(20, 20)), stable).standing is BoundState.BREACHED
    assert check_bound(guard, BoundFigures(checks=Share(1, 100)), stable).standing is BoundState.HOLDS


def test_checks_survive_their_way_through_the_database():
    raw = [{"kind": "forbidden", "texts": ["sorry"], "patterns": [r"\d{3}"]}]
    assert checks_of(json.loads(json.dumps(raw))) == checks_of(raw)
