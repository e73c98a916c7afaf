"""What each team may take of a quota that several want more of than there is."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.quotas import Quotas
from gateway.routing.fleet.fair import FairShares, water_fill
from gateway.routing.fleet.quotas import Scarce, is_of_team, note_demand
from governance.limits.policy.rate_limits import RateDecision, RateRequest, Tallies

DEMANDS = st.dictionaries(
    st.integers(1, 50), st.tuples(st.floats(0, 10_000), st.integers(1, 10)), min_size=1, max_size=10
)


@given(DEMANDS, st.floats(1, 10_000))
def test_nothing_is_shared_twice_and_nothing_is_left_that_is_wanted(demands, most):
    found = water_fill(demands, most)
    assert sum(found.values()) <= most * 1.000001
    for team, (demand, _) in demands.items():
        assert found[team] <= demand * 1.1 + 1e-6
    if sum(demand for demand, _ in demands.values()) >= most:
        assert sum(found.values()) >= most * 0.999


@given(DEMANDS, st.floats(1, 10_000))
def test_who_does_not_get_what_it_wants_gets_no_less_by_weight_than_anybody(demands, most):
    found = water_fill(demands, most)
    for team, (demand, weight) in demands.items():
        if found[team] < demand * 1.0999:
            assert all(found[team] / weight >= got / demands[other][1] - 1e-6 for other, got in found.items())


def test_a_team_alone_has_all_of_it():
    fair = FairShares()
    fair.note("q", team=1, weight=1, amount=500, now=0.0)
    assert not fair.is_shared("q")
    assert fair.limit("q", team=1, weight=1, most=100, now=0.0) == 100


def test_what_other_processes_are_asked_for_counts():
    mine, other = FairShares(), FairShares()
    for now in range(60):
        mine.note("q", team=1, weight=1, amount=4, now=float(now))
        other.note("q", team=2, weight=1, amount=4, now=float(now))
    mine.heard([other.said(60.0)])
    assert mine.is_shared("q")
    assert mine.limit("q", team=1, weight=1, most=200, now=60.0) == 100
    assert mine.limit("q", team=1, weight=3, most=200, now=60.0) == 150
    mine.heard([])
    assert mine.limit("q", team=1, weight=1, most=200, now=60.0) == 200


def test_what_a_team_does_not_want_is_others():
    fair = FairShares()
    for now in range(120):
        fair.note("q", team=1, weight=1, amount=10, now=float(now))
        if now % 6 == 0:
            fair.note("q", team=2, weight=1, amount=1, now=float(now))
    assert fair.limit("q", team=1, weight=1, most=200, now=120.0) == pytest.approx(189, abs=3)


def test_what_is_long_past_is_forgotten():
    fair = FairShares()
    fair.note("q", team=1, weight=1, amount=5, now=0.0)
    assert fair.said(1.0)
    assert fair.said(600.0) == {}
    assert not fair.is_shared("q")


def test_only_what_is_scarce_is_shared():
    """Bursts go through while there is enough."""
    fair, scarce, quotas = FairShares(), Scarce(), Quotas(pool="p", requests=100)

    def takes(team):
        note_demand([quotas], fair, input_tokens=1, output_tokens=1, team=team, weight=1, now=0.0)
        return scarce.takes(quotas, input_tokens=1, output_tokens=1, team=team, weight=1, fair=fair, now=0.0)

    for team in (1, 2) * 60:
        last = takes(team)
    own, of_team = (counter for counter, _ in last.takes)
    assert (own.limit, of_team.limit) == (100, 100)
    assert is_of_team(of_team)
    scarce.learn(last, RateDecision(0, (60, 30)))
    _, of_team = (counter for counter, _ in takes(1).takes)
    assert of_team.limit == 50
    scarce.learn(last, RateDecision(0, (20, 30)))
    _, of_team = (counter for counter, _ in takes(1).takes)
    assert of_team.limit == 100


def test_who_comes_late_to_a_second_quota_has_its_share_there():
    """Two regions, asked in order, are asked for twice what they have: three teams want 2, 1 and 1 parts, and get a third each."""
    random, tallies, fair = Random(1), Tallies(), FairShares()
    pools = [Quotas(pool=name, requests=240) for name in "ab"]
    scarce = [Scarce(), Scarce()]
    arrivals = [
        (second + random.random(), number, team)
        for team, each_second in ((1, 8), (2, 4), (3, 4))
        for second in range(60)
        for number in range(each_second)
    ]
    got: Counter[int] = Counter()
    for number, (now, _, team) in enumerate(sorted(arrivals)):
        note_demand(pools, fair, input_tokens=1, output_tokens=1, team=team, weight=1, now=now)
        for quotas, each in zip(pools, scarce, strict=True):
            takes = each.takes(
                quotas, input_tokens=1, output_tokens=1, team=team, weight=1, fair=fair, now=now
            )
            request = RateRequest(f"{number}{quotas.pool}", takes.takes)
            (decision,) = tallies.admit([request], now_ms=int(now * 1000))
            each.learn(takes, decision)
            if decision.admitted:
                got[team] += 1
                break
    assert sum(got.values()) == 480
    assert all(abs(number - 160) <= 8 for number in got.values()), got
