"""What scenarios cost, for all inputs: months come to the total, break-even points are where two costs cross."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.policy import PriceEntry, Rates
from gateway.costs.policy.break_even import Line, between, cached_share_between, with_provisioned
from gateway.costs.policy.price_lists import (
    PriceList,
    Provisioned,
    cost_of_call,
    project_provisioned,
    project_tokens,
    units_needed,
)
from gateway.costs.policy.scenario import (
    Expense,
    ImpossibleScenarioError,
    Kind,
    Scenario,
    checked,
    plain,
    scenario_from,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
amounts = st.integers(0, 10**12)
rates = st.builds(Rates, input=st.integers(1, 10**11), output=st.integers(0, 10**11), cache_read=st.none() | st.integers(0, 10**10))  # fmt: skip


def price_list(found: Rates, **fields) -> PriceList:
    return PriceList(
        name="A", way="on_demand", price=PriceEntry(valid_from=NOW, valid_until=None, rates=found), **fields
    )


lists = st.builds(lambda found, fixed, discount: price_list(found, fixed=fixed, discount=Decimal(discount) / 100), rates, amounts, st.integers(0, 99))  # fmt: skip
parts = st.integers(0, 100).map(lambda n: Decimal(n) / 100)
kinds = st.builds(
    Kind,
    name=st.just("kind"),
    share=st.integers(1, 50).map(Decimal),
    input_tokens=st.integers(1, 50_000),
    output_tokens=st.integers(0, 5_000),
    cached_share=parts,
    complexity=st.sampled_from([Decimal(1), Decimal("1.2"), Decimal(6)]),
)
scenarios = st.builds(
    Scenario,
    calls=st.integers(1, 10**7),
    kinds=st.lists(kinds, min_size=1, max_size=4).map(tuple),
    peak_to_mean=st.integers(10, 200).map(lambda n: Decimal(n) / 10),
    growth=st.integers(-50, 30).map(lambda n: Decimal(n) / 100),
    months=st.integers(1, 24),
    infrastructure=st.lists(st.builds(Expense, name=st.just("Machines"), nanos=amounts), max_size=2).map(
        tuple
    ),
)
offers = st.builds(
    Provisioned,
    name=st.just("Units"),
    hourly=st.integers(1, 10**11),
    commitment_months=st.sampled_from([0, 1, 6]),
    units=st.integers(1, 3),
    input_tpm=st.none() | st.integers(1_000, 10**6),
    output_tpm=st.none() | st.integers(1_000, 10**6),
)


@given(scenarios, lists)
def test_months_come_to_the_total_and_hold_infrastructure(scenario, prices):
    found = project_tokens(prices, scenario)
    assert found.total == sum(found.months)
    assert len(found.months) == scenario.months
    beside = sum(each.nanos for each in scenario.infrastructure) + prices.fixed
    for month, amount in enumerate(found.months):
        exact = cost_of_call(prices, scenario) * scenario.calls_in(month)
        assert 0 <= amount - beside - exact < 1


@given(scenarios, lists)
def test_more_calls_longer_prompts_and_dearer_tokens_never_cost_less(scenario, prices):
    was = project_tokens(prices, scenario).total
    more = [
        project_tokens(prices, Scenario(**{**_members(scenario), "calls": scenario.calls + 1})),
        project_tokens(prices, Scenario(**{**_members(scenario), "kinds": tuple(_longer(each) for each in scenario.kinds)})),
        project_tokens(price_list(Rates(input=prices.price.rates.input + 1, output=prices.price.rates.output + 1, cache_read=prices.price.rates.cache_read), fixed=prices.fixed, discount=prices.discount), scenario),
    ]  # fmt: skip
    assert all(each.total >= was for each in more)


def _members(scenario: Scenario) -> dict:
    return {name: getattr(scenario, name) for name in scenario.__struct_fields__}


def _longer(kind: Kind) -> Kind:
    return Kind(
        **{
            **{name: getattr(kind, name) for name in kind.__struct_fields__},
            "input_tokens": kind.input_tokens + 1,
        }
    )


@given(scenarios, offers)
def test_units_carry_every_month_and_commitments_are_kept(scenario, offer):
    found = project_provisioned(offer, scenario)
    assert found.total == sum(found.months) + found.owed_after
    for month, units in enumerate(found.units):
        assert units >= units_needed(offer, scenario, scenario.calls_in(month))
    drops = [month for month in range(1, scenario.months) if found.units[month] < found.units[month - 1]]
    if offer.commitment_months > 1 and drops:
        assert drops[0] >= offer.commitment_months
    if offer.commitment_months < 2:
        assert found.owed_after == 0


lines = st.builds(Line, fixed=amounts, each=st.fractions(0, 10**9, max_denominator=10**6))


@given(lines, lines)
def test_two_price_lists_cross_where_it_is_said(first, second):
    found = between(first, second)
    some = (1, 10**6, 10**12)
    match found.when:
        case "always":
            assert all(second.at(calls) <= first.at(calls) for calls in (0, *some))
        case "never":
            assert all(second.at(calls) > first.at(calls) for calls in some) or second.fixed > first.fixed
        case "from":
            assert second.at(found.calls) <= first.at(found.calls)
            assert second.at(found.calls - 1) > first.at(found.calls - 1)
            assert second.at(found.calls * 2) <= first.at(found.calls * 2)
        case "up_to":
            assert second.at(found.calls) <= first.at(found.calls)
            assert second.at(found.calls + 1) > first.at(found.calls + 1)
    assert found.why


@given(scenarios, lists, offers)
def test_model_units_break_even_where_they_cost_no_more_and_carry_it(scenario, prices, offer):
    found = with_provisioned(prices, offer, scenario)
    each = cost_of_call(prices, scenario)

    def saves(calls: int) -> bool:
        return units_needed(offer, scenario, calls) * offer.hourly * 720 <= prices.fixed + each * calls

    if found.when == "from":
        assert saves(found.calls)
        assert found.calls == 0 or not saves(found.calls - 1)
    else:
        assert not any(saves(10**power) for power in range(7))


@given(scenarios, lists, lists)
def test_the_cached_share_at_which_two_lists_cost_the_same(scenario, first, second):
    share = cached_share_between(first, second, scenario)
    if share is not None:
        assert 0 <= share <= 1
        costs = [cost_of_call(each, scenario, cached_share=share) for each in (first, second)]
        assert costs[0] == costs[1]


@given(scenarios)
def test_a_scenario_comes_back_as_it_was_written(scenario):
    assert scenario_from(plain(scenario)) == scenario


def test_a_year_of_a_chat_in_dollars():
    scenario = Scenario(
        calls=100_000, growth=Decimal("0.1"), months=3, infrastructure=(Expense(name="Machines", nanos=100 * 10**9),),
        kinds=(Kind(name="chat", share=Decimal(1), input_tokens=2000, output_tokens=500, cached_share=Decimal("0.5")),),
    )  # fmt: skip
    prices = price_list(Rates(input=10**9, output=5 * 10**9, cache_read=10**8))
    # 1,000 tokens at $1 a million, 1,000 at $0.10 and 500 at $5: $0.0036 a call, and $100 a month.
    assert cost_of_call(prices, scenario) == Fraction(3_600_000)
    assert project_tokens(prices, scenario).months == (460 * 10**9, 496 * 10**9, 535_600_000_000)
    offer = Provisioned(name="Units", hourly=10**9, commitment_months=6, input_tpm=100_000)
    assert project_provisioned(offer, scenario).total == 3 * 820 * 10**9 + 3 * 720 * 10**9
    assert with_provisioned(prices, offer, scenario).calls == 200_000


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"calls": 0}, "calls"), ({"months": 61}, "months"), ({"peak_to_mean": Decimal("0.5")}, "peak_to_mean"), ({"kinds": ()}, "kinds"),
        ({"growth": Decimal("NaN")}, "growth"), ({"growth": Decimal(10), "months": 60}, "growth"),
        ({"kinds": (Kind(name="x", share=Decimal(1), input_tokens=1, output_tokens=1, cached_share=Decimal("0.7"), written_share=Decimal("0.4")),)}, "kinds.0.written_share"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_says_which_member(changes, named):
    usual = {"calls": 1, "kinds": (Kind(name="x", share=Decimal(1), input_tokens=1, output_tokens=1),)}
    with pytest.raises(ImpossibleScenarioError, match=named):
        checked(Scenario(**(usual | changes)))
