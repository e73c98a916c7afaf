"""PURE: what usage would have cost elsewhere: another model, more from the cache, provisioned throughput."""

from dataclasses import dataclass
from math import ceil

from gateway.catalogue.policy.pricing import PriceEntry, cost
from gateway.events import Usage


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
