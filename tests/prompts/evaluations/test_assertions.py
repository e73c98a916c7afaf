import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.evaluations.policy.assertions import (
    KINDS,
    MAX_ASSERTIONS,
    BadAssertionError,
    check,
    decode_assertions,
)
from prompts.evaluations.policy.verdict import AssertionOutcome, AssertionVerdict, Observation, Score, overall

REFUND = Observation(
    output="You get a refund of 12.50 dollars.", expected="refund", duration_ms=800, cost_nanos=2_000_000
)
ORDER = Observation(output='```json\n{"total": 12.5, "items": [{"price": 3}]}\n```', expected={"total": 12.5, "items": [{"price": 3}]})  # fmt: skip


def outcome(raw, seen=REFUND, score=None):
    return check(decode_assertions([raw])[0], seen, score=score)


@pytest.mark.parametrize(
    ("raw", "seen", "verdict", "words"),
    [
        ({"kind": "equals"}, Observation(output=" refund\n", expected="refund"), "passed", "Equal"),
        ({"kind": "equals"}, REFUND, "failed", "Expected “refund”, got “You get"),
        ({"kind": "equals", "value": "REFUND", "ignore_case": True}, Observation(output="refund"), "passed", ""),
        ({"kind": "equals"}, Observation(output="x"), "failed", "nothing to compare with"),
        ({"kind": "equals"}, ORDER, "passed", ""),
        ({"kind": "equals", "value": {"total": 13}}, ORDER, "failed", "At “total”: expected “13”, got “12.5”."),
        ({"kind": "equals", "value": {"total": 12.5}}, ORDER, "failed", "“items” is not expected"),
        ({"kind": "equals", "value": {"total": 1}}, Observation(output='{"total": true}'), "failed", "At “total”"),
        ({"kind": "equals", "value": {"a": 1}}, Observation(output="no"), "failed", "Expected JSON"),
        ({"kind": "contains"}, REFUND, "passed", "refund"),
        ({"kind": "contains", "texts": ["REFUND", "sorry"]}, REFUND, "failed", "Missing: “sorry”"),
        ({"kind": "contains", "texts": ["REFUND", "sorry"], "any_of": True}, REFUND, "passed", "REFUND"),
        ({"kind": "contains", "texts": ["REFUND"], "ignore_case": False}, REFUND, "failed", "Missing"),
        ({"kind": "pattern", "pattern": r"\d+\.\d\d"}, REFUND, "passed", "12.50"),
        ({"kind": "pattern", "pattern": r"\d+", "whole": True}, REFUND, "failed", "does not fit"),
        ({"kind": "json_schema", "schema": {"required": ["total"]}}, ORDER, "passed", ""),
        ({"kind": "json_schema", "schema": {"required": ["tax"]}}, ORDER, "failed", "tax"),
        ({"kind": "json_schema", "schema": {"properties": {"total": {"type": "string"}}}}, ORDER, "failed", "At “total”"),
        ({"kind": "json_schema", "schema": {}}, REFUND, "failed", "Expected JSON"),
        ({"kind": "json_schema", "schema": {}}, Observation(output="NaN"), "failed", "Expected JSON"),
        ({"kind": "numeric", "value": 12, "tolerance": 0.5}, REFUND, "passed", "within 0.5"),
        ({"kind": "numeric", "value": 12, "percent": 4}, REFUND, "failed", "± 0.48, got 12.5"),
        ({"kind": "numeric", "value": 0.3, "tolerance": 0.1}, Observation(output="0.4"), "passed", ""),
        ({"kind": "numeric", "path": "items.0.price"}, ORDER, "passed", "3 is within"),
        ({"kind": "numeric", "path": "items.7.price", "value": 3}, ORDER, "failed", "no number at “items.7.price”"),
        ({"kind": "numeric", "value": 3}, Observation(output="3 of 4"), "failed", "2 numbers"),
        ({"kind": "numeric", "value": 3}, Observation(output="three"), "failed", "no number"),
        ({"kind": "numeric"}, Observation(output="1,200", expected="1200"), "passed", ""),
        ({"kind": "numeric"}, Observation(output="1", expected=None), "failed", "no number to compare"),
        ({"kind": "forbidden", "texts": ["SORRY"]}, REFUND, "passed", ""),
        ({"kind": "forbidden", "texts": ["REFUND"]}, REFUND, "failed", "forbidden"),
        ({"kind": "forbidden", "patterns": [r"\d+ ?dollars"]}, Observation(output="5 Dollars"), "failed", "5 Dollars"),
        ({"kind": "latency", "at_most_ms": 800}, REFUND, "passed", "800 ms"),
        ({"kind": "latency", "at_most_ms": 799}, REFUND, "failed", "800 ms"),
        ({"kind": "cost", "at_most_usd": "0.002"}, REFUND, "passed", "$0.002"),
        ({"kind": "cost", "at_most_usd": "0.001999"}, REFUND, "failed", "$0.002"),
    ],
)  # fmt: skip
def test_what_holds_and_what_does_not(raw, seen, verdict, words):
    found = outcome(raw, seen)
    assert (found.kind, found.verdict) == (raw["kind"], verdict)
    assert words in found.message


@pytest.mark.parametrize("raw", [{"kind": "similarity"}, {"kind": "judge", "prompt": "judge", "version": 1, "rubric": "Kind."}])  # fmt: skip
def test_what_is_measured_by_a_call(raw):
    assert outcome(raw, score=Score(0.9, "Good.")).verdict is AssertionVerdict.PASSED
    assert outcome(raw, score=Score(0.1, "Bad.")).verdict is AssertionVerdict.FAILED
    could_not = outcome(raw, score=Score(None, "The judge answered “banana”."))
    assert (could_not.verdict, could_not.message) == (
        AssertionVerdict.UNJUDGED,
        "The judge answered “banana”.",
    )
    assert outcome(raw).verdict is AssertionVerdict.UNJUDGED


def test_what_could_not_be_judged_never_counts_as_passed():
    kinds = {verdict: AssertionOutcome("x", verdict, "") for verdict in AssertionVerdict}
    assert overall([]) is AssertionVerdict.PASSED
    assert (
        overall([kinds[AssertionVerdict.PASSED], kinds[AssertionVerdict.UNJUDGED]])
        is AssertionVerdict.UNJUDGED
    )
    assert (
        overall(
            [kinds[AssertionVerdict.UNJUDGED], kinds[AssertionVerdict.FAILED], kinds[AssertionVerdict.PASSED]]
        )
        is AssertionVerdict.FAILED
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"kind": "equals"}, "a JSON list"),
        ([{"kind": "nice"}], "“kind” is one of equals, contains"),
        ([{}], "“kind” is one of"),
        (["equals"], "Assertion 1"),
        ([{"kind": "equals", "valeu": 1}], "valeu"),
        ([{"kind": "equals"}, {"kind": "pattern", "pattern": "(?=x)"}], "Assertion 2 (pattern)"),
        ([{"kind": "pattern", "pattern": ""}], "not empty"),
        ([{"kind": "pattern", "pattern": "a" * 3000}], "at most 2000"),
        ([{"kind": "forbidden"}], "Say which"),
        ([{"kind": "forbidden", "patterns": ["("]}], "can't be used"),
        ([{"kind": "json_schema", "schema": {"type": "objekt"}}], "Invalid JSON Schema"),
        ([{"kind": "json_schema", "schema": {"$ref": "http://127.0.0.1:1/x"}}], "must lead to #/"),
        ([{"kind": "cost", "at_most_usd": "cheap"}], "decimal string"),
        ([{"kind": "cost", "at_most_usd": 0.002}], "at_most_usd"),
        ([{"kind": "judge", "prompt": "j", "version": 0, "rubric": "x"}], "number of its version"),
        ([{"kind": "judge", "prompt": "j", "version": 1, "rubric": " "}], "rubric"),
        ([{"kind": "judge", "prompt": "j\n", "version": 1, "rubric": "x"}], "line breaks"),
        ([{"kind": "similarity", "at_least": 2}], "between -1 and 1"),
        ([{"kind": "similarity", "model": "titan\r"}], "line breaks"),
        ([{"kind": "numeric", "tolerance": -1}], "negative"),
        ([{"kind": "equals"}] * (MAX_ASSERTIONS + 1), "at most"),
    ],
)
def test_what_can_t_be_used_says_why(raw, words):
    with pytest.raises(BadAssertionError) as caught:
        decode_assertions(raw)
    assert words in str(caught.value)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$", "(.*)(.*)(.*)x"])
def test_no_pattern_hangs(pattern):
    long = Observation(output="a" * 100_000)
    assert outcome({"kind": "pattern", "pattern": pattern}, long).verdict in set(AssertionVerdict)


@given(text=st.text(max_size=40), expected=st.none() | st.text(max_size=10) | st.integers() | st.lists(st.floats(allow_nan=False)))  # fmt: skip
def test_every_kind_has_an_opinion_on_every_answer(text, expected):
    examples = {
        "pattern": {"pattern": "a"}, "json_schema": {"schema": {"type": "object"}}, "forbidden": {"texts": ["a"]},
        "latency": {"at_most_ms": 1}, "cost": {"at_most_usd": "1"}, "judge": {"prompt": "j", "version": 1, "rubric": "r"},
    }  # fmt: skip
    for kind, _ in KINDS:
        found = outcome({"kind": kind, **examples.get(kind, {})}, Observation(output=text, expected=expected))
        assert found.message
        assert found.kind == kind
