"""Intervals of a share, and when a route stops serving."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.policy.bound import PRIOR, STUDY, STUDY_WEIGHT, Evidence, interval, may_serve, weighed

counts = st.integers(1, 10_000_000).flatmap(lambda served: st.tuples(st.integers(0, served), st.just(served)))
small = st.integers(1, 300).flatmap(lambda served: st.tuples(st.integers(0, served), st.just(served)))


def _at_most(wrong: int, served: int, share: float) -> float:
    """The chance of so few wrong ones, counted one by one."""
    return math.fsum(math.comb(served, k) * share**k * (1 - share) ** (served - k) for k in range(wrong + 1))


@given(small)
def test_the_ends_are_where_a_fortieth_is_left(pair: tuple[int, int]) -> None:
    wrong, served = pair
    low, high = interval(wrong, served)
    if wrong < served:
        assert _at_most(wrong, served, high) == pytest.approx(0.025, rel=1e-6)
    if wrong:
        assert 1 - _at_most(wrong - 1, served, low) == pytest.approx(0.025, rel=1e-6)


@given(counts)
def test_an_interval_holds_what_was_counted(pair: tuple[int, int]) -> None:
    wrong, served = pair
    low, high = interval(wrong, served)
    assert 0.0 <= low <= wrong / served <= high <= 1.0
    mirrored = interval(served - wrong, served)
    assert low == pytest.approx(1 - mirrored[1], abs=1e-9)
    assert high == pytest.approx(1 - mirrored[0], abs=1e-9)


@given(counts)
def test_one_more_wrong_one_is_worse_and_one_more_right_one_better(pair: tuple[int, int]) -> None:
    wrong, served = pair
    assert (
        interval(wrong, served + 1)[1]
        <= interval(wrong, served)[1]
        <= interval(wrong + 1, served + 1)[1] + 1e-12
    )


@pytest.mark.parametrize(
    ("wrong", "served", "low", "high"),
    [
        (0, 10, 0.0, 0.308497),
        (1, 400, 0.00006329252, 0.0138498),
        (3, 1000, 0.00061910, 0.00874202),
        (100, 20_000, 0.00407000, 0.00607805),
        (50, 10_000_000, 3.711099e-06, 6.591871e-06),
        (5_000_000, 10_000_000, 0.49969005, 0.50030995),
    ],
)
def test_known_intervals(wrong: int, served: int, low: float, high: float) -> None:
    """As scipy.stats.beta.ppf gives them."""
    assert interval(wrong, served) == pytest.approx((low, high), rel=1e-4, abs=1e-9)


def test_nothing_is_known_of_nothing() -> None:
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("wrong", "served"), [(2, 1), (-1, 3)])
def test_more_wrong_than_served_is_refused(wrong: int, served: int) -> None:
    with pytest.raises(ValueError, match="cannot have been wrong"):
        Evidence(served, wrong)
    with pytest.raises(ValueError, match="cannot have been wrong"):
        interval(wrong, served)


@given(counts)
def test_evidence_is_scaled_down_and_never_gets_better(pair: tuple[int, int]) -> None:
    wrong, served = pair
    scaled = weighed(Evidence(served, wrong), most=1000)
    assert scaled.served <= 1000
    assert scaled.wrong / scaled.served >= wrong / served


def test_a_new_route_may_serve_and_is_stopped_soon() -> None:
    assert STUDY.served >= 1000
    assert interval(STUDY.wrong, STUDY.served)[1] < 0.01
    assert PRIOR.served == STUDY_WEIGHT
    assert may_serve(Evidence(0, 0), 0.01)
    for wrong, served in STOPS:
        assert not may_serve(Evidence(served, wrong), 0.01)
        assert may_serve(Evidence(served, wrong - 1), 0.01)
        assert may_serve(Evidence(served + 1, wrong), 0.01)
    assert may_serve(Evidence(1, 1), 0.01)


STOPS = ((2, 119), (3, 273), (4, 421), (5, 563))
"""Wrong ones, and the most hits of its own among which so many stop a route: as the module's docstring says."""
