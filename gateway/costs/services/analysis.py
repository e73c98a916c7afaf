"""A scenario worked out at every price list of a choice."""

from dataclasses import dataclass
from datetime import datetime

from gateway.costs.policy.break_even import (
    BreakEven,
    between,
    cached_share_between,
    line_of,
    month_of,
    with_provisioned,
)
from gateway.costs.policy.choice import Choice, Units
from gateway.costs.policy.price_lists import (
    PriceList,
    Projected,
    Provisioned,
    project_provisioned,
    project_tokens,
)
from gateway.costs.policy.scenario import ImpossibleScenarioError, Scenario
from gateway.costs.selectors.price_lists import price_lists


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a way to pay meets the first one. `cached_share` (0 to 1) is where both cost the same by the call; None: nowhere."""

    other: str
    point: BreakEven
    month: int | None
    cached_share: float | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """The ways to pay, the cheapest first, and where each meets `base`, which is the first list that was chosen."""

    scenario: Scenario
    base: str
    ways: list[Projected]
    crossings: list[Crossing]


def analyse(scenario: Scenario, choice: Choice, *, now: datetime) -> Analysis:
    """Works it out at today's prices. ImpossibleScenarioError where a price is missing."""
    lists = price_lists(choice, now=now)
    base = lists[0]
    ways = [project_tokens(each, scenario) for each in lists]
    crossings = [_of_list(base, each, scenario) for each in lists[1:]]
    for units in choice.provisioned:
        offer = _offer(units, base, choice)
        beside = _list_of(units, lists) or base
        ways.append(project_provisioned(offer, scenario))
        point = with_provisioned(beside, offer, scenario)
        crossings.append(
            Crossing(f"{offer.name} (against {beside.name})", point, _month(point, scenario), None)
        )
    return Analysis(scenario, base.name, sorted(ways, key=lambda way: way.total), crossings)


def _of_list(base: PriceList, other: PriceList, scenario: Scenario) -> Crossing:
    point = between(line_of(base, scenario), line_of(other, scenario))
    share = cached_share_between(base, other, scenario)
    return Crossing(other.name, point, _month(point, scenario), None if share is None else float(share))


def _month(point: BreakEven, scenario: Scenario) -> int | None:
    return month_of(point.calls, scenario) if point.when == "from" and point.calls is not None else None


def _list_of(units: Units, lists: list[PriceList]) -> PriceList | None:
    if not units.route:
        return None
    found = next((each for each in lists if each.name.startswith(f"{units.route} at ")), None)
    if found is None:
        raise ImpossibleScenarioError(
            f"provisioned: “{units.route}” is not among the routes that are compared: add it there."
        )
    return found


def _offer(units: Units, base: PriceList, choice: Choice) -> Provisioned:
    name = units.route or (choice.routes[0] if choice.routes else base.name)
    terms = {0: "by the hour", 1: "committed for a month", 6: "committed for six months"}[
        units.commitment_months
    ]
    return Provisioned(
        name=f"{name}, model units {terms}", hourly=units.hourly_nanos, commitment_months=units.commitment_months,
        units=units.units, input_tpm=units.input_tpm, output_tpm=units.output_tpm,
    )  # fmt: skip
