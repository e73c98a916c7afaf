"""Reading the catalogue."""

from gateway.catalogue.models import Price
from gateway.catalogue.policy import PriceEntry, Rates


def price_entry(price: Price) -> PriceEntry:
    """A price as calls are charged by it."""
    rates = Rates(
        input=price.input_rate,
        output=price.output_rate,
        cache_read=price.cache_read_rate,
        cache_write=price.cache_write_rate,
        cache_write_1h=price.cache_write_1h_rate,
    )
    long_rates = None
    if price.long_context_threshold is not None and price.long_input_rate is not None:
        long_rates = Rates(
            input=price.long_input_rate,
            output=price.output_rate if price.long_output_rate is None else price.long_output_rate,
            cache_read=price.long_cache_read_rate,
            cache_write=price.long_cache_write_rate,
            cache_write_1h=price.long_cache_write_1h_rate,
        )
    return PriceEntry(
        id=price.pk,
        tier=price.tier,
        valid_from=price.valid_from,
        valid_until=price.valid_until,
        rates=rates,
        request=price.request_rate or 0,
        image=price.image_rate or 0,
        long_threshold=price.long_context_threshold,
        long_rates=long_rates,
    )
