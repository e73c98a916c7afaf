"""PURE: what a call costs, in nano-dollars; and what usage would have cost elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from gateway.events import Usage
from kernel.money import TOKENS_PER_PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Nano-dollars per million tokens. A cache rate of None means such tokens cost what input costs."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """A price, its tier and its period. Above `long_threshold` tokens of prompt the long rates hold for the whole call."""

    id: int = 0
    tier: str = ""
    valid_from: datetime
    valid_until: datetime | None
    rates: Rates
    request: int = 0
    image: int = 0
    long_threshold: int | None = None
    long_rates: Rates | None = None

    def rates_for(self, prompt_tokens: int) -> Rates:
        """The rates for a prompt of so many tokens."""
        if (
            self.long_threshold is not None
            and self.long_rates is not None
            and prompt_tokens > self.long_threshold
        ):
            return self.long_rates
        return self.rates


def price_at(prices: tuple[PriceEntry, ...], now: datetime, tier: str = "") -> PriceEntry | None:
    """The price of a tier in force; None means that the deployment must not be called so."""
    for price in prices:
        if (
            price.tier == tier
            and price.valid_from <= now
            and (price.valid_until is None or now < price.valid_until)
        ):
            return price
    return None


def cost(price: PriceEntry, usage: Usage, *, images: int = 0) -> int:
    """What a usage and so many images cost, in nano-dollars, rounded up once at the end."""
    rates = price.rates_for(usage.prompt)
    write = rates.input if rates.cache_write is None else rates.cache_write
    millionths = (
        usage.input * rates.input
        + usage.output * rates.output
        + usage.cache_read * (rates.input if rates.cache_read is None else rates.cache_read)
        + usage.cache_write * write
        + usage.cache_write_1h * (write if rates.cache_write_1h is None else rates.cache_write_1h)
    )
    return -(-millionths // TOKENS_PER_PRICE) + price.request + price.image * images


def cache_saving(price: PriceEntry, usage: Usage) -> int:
    """Nano-dollars that the provider's cache saved: what was read from it as plain input, less what was written above plain input.
    Below 0 where more was written than reads made up for. Rounded down."""
    rates = price.rates_for(usage.prompt)
    write = rates.input if rates.cache_write is None else rates.cache_write
    write_1h = write if rates.cache_write_1h is None else rates.cache_write_1h
    millionths = (
        usage.cache_read * (rates.input - (rates.input if rates.cache_read is None else rates.cache_read))
        - usage.cache_write * (write - rates.input)
        - usage.cache_write_1h * (write_1h - rates.input)
    )
    return millionths // TOKENS_PER_PRICE


def worst_case(
    price: PriceEntry, *, input_tokens: int, max_tokens: int, caches: bool, images: int = 0
) -> int:
    """The most a call can cost: all input at the dearest rate it can meet, all of the output it may write."""
    rates = price.rates_for(input_tokens)
    dearest = rates.input
    if caches:
        dearest = max(rates.input, rates.cache_write or 0, rates.cache_write_1h or 0)
    return (
        -(-(input_tokens * dearest + max_tokens * rates.output) // TOKENS_PER_PRICE)
        + price.request
        + price.image * images
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was used in so many days. Tokens of the prompt include those of the cache."""

    days: float
    calls: int
    prompt_tokens: int
    cache_read_tokens: int
    output_tokens: int
    cost_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Nano-dollars: for the same calls, and at the same pace for a month of 30 days.

    `break_even_calls` is how many calls a month it takes for what is fixed to cost no more than what is by the call;
    None where nothing is fixed, or where it never does.
    """

    cost_nanos: int
    per_call_nanos: int
    month_nanos: int
    was_month_nanos: int
    break_even_calls: int | None


def project(
    past: Past, price: PriceEntry, *, cache_hit_rate: float | None = None, fixed_hourly_nanos: int = 0
) -> Projection:
    """The same calls at a price. `cache_hit_rate` (0 to 1) is the part of prompts read from the cache; as it was unless
    given. With `fixed_hourly_nanos`, provisioned throughput is paid by the hour, and tokens cost nothing more.
    """
    hit = past.cache_read_tokens if cache_hit_rate is None else round(past.prompt_tokens * cache_hit_rate)
    usage = Usage(input=past.prompt_tokens - hit, cache_read=hit, output=past.output_tokens)
    # The long-context rates go by a call's length, which sums do not tell: the usual ones are taken.
    short = PriceEntry(valid_from=price.valid_from, valid_until=None, rates=price.rates)
    by_call = cost(short, usage) + price.request * past.calls
    hours = past.days * 24
    total = round(fixed_hourly_nanos * hours) if fixed_hourly_nanos else by_call
    break_even = None
    if fixed_hourly_nanos and by_call and past.calls:
        break_even = ceil(fixed_hourly_nanos * 720 * past.calls / by_call)
    return Projection(
        cost_nanos=total,
        per_call_nanos=round(total / past.calls) if past.calls else 0,
        month_nanos=round(total * 30 / past.days),
        was_month_nanos=round(past.cost_nanos * 30 / past.days),
        break_even_calls=break_even,
    )
