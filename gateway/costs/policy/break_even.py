"""PURE: where two ways to pay cost the same."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from gateway.costs.policy.price_lists import PriceList, Provisioned, cost_of_call, mean_tokens
from gateway.costs.policy.scenario import HOURS_A_MONTH, MAX_CALLS, MINUTES_A_MONTH, Scenario

MAX_UNITS = 10_000
"""Model units beyond which nobody would look for a break-even point."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From, or up to, how many calls a month the second way costs no more than the first.

    `when` is always, from, up_to or never; `calls` is set for from and up_to. `why` is a sentence.
    """

    when: str
    calls: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """Nano-dollars a month: what is fixed, and each call."""

    fixed: int
    each: Fraction

    def at(self, calls: int) -> Fraction:
        """What so many calls cost."""
        return self.fixed + self.each * calls


def line_of(prices: PriceList, scenario: Scenario) -> Line:
    """Infrastructure is left out: it is the same whoever is asked."""
    return Line(prices.fixed, cost_of_call(prices, scenario))


def between(first: Line, second: Line) -> BreakEven:
    """In calls a month: where the second costs no more than the first."""
    fixed, each = second.fixed - first.fixed, first.each - second.each
    if fixed <= 0 and each >= 0:
        why = (
            "Both cost the same."
            if fixed == each == 0
            else "It costs less by the call and no more by the month, at any volume."
        )
        return BreakEven("always", None, why)
    if fixed >= 0 and each <= 0:
        why = (
            "It costs more by the call, and nothing by the month makes up for it."
            if each
            else "It costs more by the month, and the same by the call."
        )
        return BreakEven("never", None, why)
    if fixed > 0:
        calls = ceil(fixed / each)
        if calls > MAX_CALLS:
            return BreakEven("never", None, "It would take more than 10^12 calls a month.")
        return BreakEven("from", calls, "What is fixed is made up for by cheaper calls.")
    return BreakEven("up_to", floor(fixed / each), "It saves what is fixed, and its calls are dearer.")


def with_provisioned(prices: PriceList, offer: Provisioned, scenario: Scenario) -> BreakEven:
    """From how many calls a month units that carry their peak cost no more than tokens do.

    The least such number: above it a further unit that is far from full may cost more again. Where a full unit costs more than its
    tokens would, no volume is enough.
    """
    each = cost_of_call(prices, scenario)
    a_unit = offer.hourly * HOURS_A_MONTH
    if not each:
        return BreakEven("never", None, "By token these calls cost nothing.")
    capacity = calls_a_unit(offer, scenario)
    for units in range(max(1, offer.units), MAX_UNITS):
        calls = max(0, ceil((units * a_unit - prices.fixed) / each))
        if capacity is None or calls <= floor(units * capacity):
            if calls > MAX_CALLS:
                break
            words = f"With {units:,} model unit{'s' if units > 1 else ''}"
            unknown = (
                " What a unit carries is not given: it is taken to carry them." if capacity is None else ""
            )
            return BreakEven("from", calls, f"{words}, paid by the hour.{unknown}")
        if prices.fixed == 0 and capacity * each < a_unit:
            break  # a full unit costs more than its tokens, and so do many
    return BreakEven(
        "never",
        None,
        "A model unit that is full, at this peak, costs more than its tokens: flatter peaks or a cheaper commitment would change that.",
    )


def calls_a_unit(offer: Provisioned, scenario: Scenario) -> Fraction | None:
    """Calls a month that one unit carries at the peak; None where nothing limits them."""
    limits = [
        Fraction(capacity) * MINUTES_A_MONTH / (tokens * Fraction(scenario.peak_to_mean))
        for capacity, tokens in zip((offer.input_tpm, offer.output_tpm), mean_tokens(scenario), strict=True)
        if capacity and tokens
    ]
    return min(limits, default=None)


def cached_share_between(first: PriceList, second: PriceList, scenario: Scenario) -> Fraction | None:
    """At which part of prompts read from the cache both cost the same by the call, 0 to 1; None where they never do."""
    ends = [
        cost_of_call(second, scenario, cached_share=share) - cost_of_call(first, scenario, cached_share=share)
        for share in (Fraction(0), Fraction(1))
    ]
    if ends[0] == ends[1]:
        return None
    share = ends[0] / (ends[0] - ends[1])
    return share if 0 <= share <= 1 else None


def month_of(calls: int, scenario: Scenario) -> int | None:
    """In which month, the first of which is 1, there are so many calls; None where there never are, within the scenario."""
    return next((month + 1 for month in range(scenario.months) if scenario.calls_in(month) >= calls), None)
