import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.evaluations.policy.flakiness import Steadiness, flakiness_of
from prompts.evaluations.policy.grid import (
    BadWeightsError,
    Run,
    Weights,
    chance_of_difference,
    grid_of,
    percentile,
    summary_of,
    wilson,
)


def candidate(name, passed, *, cost=1_000_000, ms=500.0, tokens=100, repeats=1):
    runs = [
        Run(case=case, passed=ok, duration_ms=ms, cost_nanos=cost, tokens=tokens)
        for case, ok in enumerate(passed) for _ in range(repeats)
    ]  # fmt: skip
    return summary_of(name, runs)


def test_a_summary_adds_up():
    runs = [
        Run(case=1, passed=True, duration_ms=100, cost_nanos=1000, tokens=10),
        Run(case=2, passed=False, duration_ms=300, cost_nanos=3000, tokens=30, is_contract_failure=True),
        Run(case=3, passed=None, duration_ms=200, cost_nanos=2000, tokens=20),
        Run(case=4, passed=False, has_answer=False),
    ]
    found = summary_of("x", runs)
    assert (found.runs, found.cases, found.passed, found.unjudged, found.errors) == (4, 4, 1, 1, 1)
    assert found.contract_failures == 1
    assert found.accuracy == pytest.approx(1 / 3)
    assert (found.p50_ms, found.p95_ms) == (200, pytest.approx(290))
    assert (found.nanos_per_call, found.nanos_per_1000_tokens) == (2000, 100_000)


def test_wilson_as_published():
    """R's prop.test without correction, binom::binom.wilson(8, 10): 0.4901625, 0.9433178."""
    assert wilson(8, 10) == (pytest.approx(0.4901625, abs=1e-4), pytest.approx(0.9433178, abs=1e-4))
    assert wilson(0, 0) == (0, 1)


@given(total=st.integers(1, 500), data=st.data())
def test_an_interval_holds_its_share(total, data):
    passed = data.draw(st.integers(0, total))
    low, high = wilson(passed, total)
    assert 0 <= low <= passed / total + 1e-12
    assert passed / total - 1e-12 <= high <= 1


def test_repeats_don_t_narrow_the_interval():
    once, often = candidate("x", [True, True, False]), candidate("x", [True, True, False], repeats=50)
    assert (once.low, once.high) == (often.low, often.high)


@pytest.mark.parametrize("weights", [{"cost": 0.5}, {"cost": -0.3, "quality": 1.0}, {"cost": 0, "quality": 0, "latency": 0}])  # fmt: skip
def test_weights_come_to_one(weights):
    with pytest.raises(BadWeightsError):
        Weights(**weights)


def test_the_declared_weights_decide():
    good = candidate("good", [True] * 10, cost=4_000_000, ms=2000)
    cheap = candidate("cheap", [True] * 8 + [False] * 2, cost=1_000_000, ms=500)
    grid = grid_of([good, cheap], Weights())
    assert grid.rows[0].points == pytest.approx(0.4 * 1 + 0.3 * 0.25 + 0.3 * 0.25)
    assert grid.rows[1].points == pytest.approx(0.4 * 0.8 + 0.3 + 0.3)
    assert grid.best == 1
    assert grid_of([good, cheap], Weights(cost=0.0, quality=1.0, latency=0.0)).best == 0


def test_it_says_so_when_the_difference_is_noise():
    grid = grid_of(
        [candidate("a", [True] * 10), candidate("b", [True] * 8 + [False] * 2, cost=2_000_000)], Weights()
    )
    assert "within noise: cost and speed decide" in grid.text
    sure = grid_of([candidate("a", [True] * 20), candidate("b", [True] * 10 + [False] * 10)], Weights())
    assert "Its quality is better, and not by chance." in sure.text
    assert sure.text.startswith("Take a: 100% passed")


def test_who_is_beaten_in_both_cost_and_quality_is_not_efficient():
    grid = grid_of(
        [candidate("best", [True] * 4, cost=3), candidate("cheap", [True, False, False, False], cost=1),
         candidate("beaten", [True, False, False, False], cost=2), candidate("twin", [True] * 4, cost=3)],
        Weights(),
    )  # fmt: skip
    assert [row.is_efficient for row in grid.rows] == [True, True, False, True]


def test_a_candidate_without_answers_is_never_recommended():
    nothing = summary_of("nothing", [Run(case=1, passed=False, has_answer=False)])
    unjudged = summary_of("unjudged", [Run(case=1, passed=None, cost_nanos=1)])
    grid = grid_of([nothing, unjudged], Weights())
    assert grid.best is None
    assert "No candidate" in grid.text
    assert grid_of([nothing, candidate("a", [False])], Weights()).best == 1


@given(
    st.lists(st.tuples(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(0, 10**9), st.floats(0, 1e5)), min_size=1, max_size=6)
)  # fmt: skip
def test_points_are_from_0_to_1_and_some_candidate_is_efficient(raw):
    summaries = [candidate(str(n), passed, cost=cost, ms=ms) for n, (passed, cost, ms) in enumerate(raw)]
    grid = grid_of(summaries, Weights())
    assert all(0 <= row.points <= 1 + 1e-9 for row in grid.rows)
    assert any(row.is_efficient for row in grid.rows)
    assert grid.rows[grid.best].points == max(row.points for row in grid.rows)


def test_chance():
    assert chance_of_difference({1: 1.0}, {1: 1.0}) == 1.0
    assert chance_of_difference(dict.fromkeys(range(6), 1.0), dict.fromkeys(range(6), 0.0)) == pytest.approx(
        2 / 64
    )
    assert percentile([], 0.5) is None


def test_flaky_cases_are_found():
    found = flakiness_of(
        [("a", True, "x"), ("a", True, "x"), ("b", True, "x"), ("b", False, "y"), ("c", False, "z"), ("c", None, "z"), ("d", None, "")]
    )  # fmt: skip
    assert [each.steadiness for each in found.cases] == [
        Steadiness.PASSES, Steadiness.FLAKY, Steadiness.FAILS, Steadiness.UNKNOWN,
    ]  # fmt: skip
    assert found.flaky == 1
    assert found.flips == pytest.approx(1 / 2)
    assert found.cases[1].different_outputs == 2
    assert "1 of 2 cases" in found.text
    assert "more than once" in flakiness_of([("a", True, "x")]).text
