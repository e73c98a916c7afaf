"""PURE: what a scenario costs, month by month, where it is paid by token, and where it is paid by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from gateway.catalogue.policy import PriceEntry
from gateway.costs.policy.scenario import HOURS_A_MONTH, MINUTES_A_MONTH, Kind, Scenario
from kernel.money import TOKENS_PER_PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A model at a price by token. `fixed` is what it costs a month whatever is called, in nano-dollars."""

    name: str
    way: str
    """on_demand, batch, direct, or own: typed in."""
    price: PriceEntry
    discount: Decimal = Decimal(0)
    """The part that is taken off, 0 to 1."""
    fixed: int = 0
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """Model units of one model, paid by the hour, called or not.

    Sources: Bedrock user guide, “Increase model invocation capacity with Provisioned Throughput” (a unit takes so many tokens of
    input and gives so many of output a minute; AWS says how many for each model); botocore's bedrock model,
    CommitmentDuration (OneMonth, SixMonths; none: by the hour). `input_tpm` and `output_tpm` are of one unit; None: unknown,
    and then `units` are taken to carry everything.
    """

    name: str
    hourly: int
    commitment_months: int = 0
    units: int = 1
    input_tpm: int | None = None
    output_tpm: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """What one price list comes to. Nano-dollars; `months` are whole: with what is fixed and with infrastructure."""

    name: str
    way: str
    per_call: Fraction
    """Of the first month, without infrastructure."""
    months: tuple[int, ...]
    infrastructure: int
    units: tuple[int, ...] = ()
    owed_after: int = 0
    """What commitments still cost after the last month."""
    source: str = ""
    note: str = ""

    @property
    def total(self) -> int:
        """Of all months, and of what is owed after them."""
        return sum(self.months) + self.owed_after


def cost_of_call(
    prices: PriceList, scenario: Scenario, *, cached_share: Decimal | Fraction | None = None
) -> Fraction:
    """What a call of the mix costs on average, in nano-dollars, exactly.

    `cached_share` takes the place of that of every kind: the part of what is not written to the cache.
    """
    weight = sum((Fraction(kind.share) for kind in scenario.kinds), Fraction(0))
    tokens = sum(
        (Fraction(kind.share) * _tokens_cost(prices.price, kind, cached_share) for kind in scenario.kinds),
        Fraction(0),
    )
    return (tokens / weight + prices.price.request) * (1 - Fraction(prices.discount))


def _tokens_cost(price: PriceEntry, kind: Kind, cached_share: Decimal | Fraction | None) -> Fraction:
    """Long-context rates hold where the average prompt of the kind is long: those of a single call are not known."""
    rates = price.rates_for(kind.input_tokens)
    written = Fraction(kind.written_share)
    read = Fraction(kind.cached_share) if cached_share is None else Fraction(cached_share) * (1 - written)
    of_read = rates.input if rates.cache_read is None else rates.cache_read
    of_written = rates.input if rates.cache_write is None else rates.cache_write
    of_input = (1 - read - written) * rates.input + read * of_read + written * of_written
    return (
        Fraction(kind.complexity)
        * (kind.input_tokens * of_input + kind.output_tokens * rates.output)
        / TOKENS_PER_PRICE
    )


def project_tokens(prices: PriceList, scenario: Scenario) -> Projected:
    """Paid by token. Each month is rounded up once."""
    each = cost_of_call(prices, scenario)
    beside = prices.fixed + scenario.infrastructure_nanos
    return Projected(
        name=prices.name,
        way=prices.way,
        per_call=each,
        months=tuple(ceil(each * scenario.calls_in(month)) + beside for month in range(scenario.months)),
        infrastructure=scenario.infrastructure_nanos,
        source=prices.source,
        note=prices.note,
    )


def units_needed(offer: Provisioned, scenario: Scenario, calls: int) -> int:
    """Model units that carry the peak of a month with so many calls."""
    found = offer.units
    peak = Fraction(scenario.peak_to_mean) * calls / MINUTES_A_MONTH
    for capacity, tokens in zip((offer.input_tpm, offer.output_tpm), mean_tokens(scenario), strict=True):
        if capacity:
            found = max(found, ceil(peak * tokens / capacity))
    return found


def mean_tokens(scenario: Scenario) -> tuple[Fraction, Fraction]:
    """Tokens of input and of output that a call of the mix takes on average, what is read from a cache included."""
    weight = sum((Fraction(kind.share) for kind in scenario.kinds), Fraction(0))
    sums = [Fraction(0), Fraction(0)]
    for kind in scenario.kinds:
        factor = Fraction(kind.share) * Fraction(kind.complexity) / weight
        sums[0] += factor * kind.input_tokens
        sums[1] += factor * kind.output_tokens
    return sums[0], sums[1]


def project_provisioned(offer: Provisioned, scenario: Scenario) -> Projected:
    """Paid by the hour: as many units as each month's peak takes, and those that a commitment still holds."""
    needs = [units_needed(offer, scenario, scenario.calls_in(month)) for month in range(scenario.months)]
    held, owed = _held(needs, offer.commitment_months)
    a_unit = offer.hourly * HOURS_A_MONTH
    months = tuple(units * a_unit + scenario.infrastructure_nanos for units in held)
    return Projected(
        name=offer.name,
        way="provisioned",
        per_call=Fraction(held[0] * a_unit, max(1, scenario.calls_in(0))),
        months=months,
        infrastructure=scenario.infrastructure_nanos,
        units=tuple(held),
        owed_after=owed * a_unit,
        note=offer.note,
    )


def _held(needs: Sequence[int], commitment: int) -> tuple[list[int], int]:
    """Units that are paid in each month, and the months of units that are still to be paid after the last one.

    What is missing is bought for a whole commitment; what one holds is paid whether it is needed or not.
    """
    bought: list[tuple[int, int]] = []
    held: list[int] = []
    for month, need in enumerate(needs):
        active = sum(units for until, units in bought if until > month)
        if need > active:
            bought.append((month + max(1, commitment), need - active))
            active = need
        held.append(active)
    return held, sum((until - len(needs)) * units for until, units in bought if until > len(needs))
