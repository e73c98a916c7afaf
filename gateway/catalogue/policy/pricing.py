"""PURE: what a call costs, in nano-dollars."""

from dataclasses import dataclass
from datetime import datetime

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
