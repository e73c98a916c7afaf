"""PURE: prices as the catalogue's files have them: dollars, as text, and the columns that they become."""

import msgspec

from kernel.money import dollars_to_nanos


class LongContext(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars per million tokens once a call's input has more tokens than the threshold."""

    threshold: int
    input: str
    output: str
    cache_read: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dollars per million tokens, per image and per request; without `input` the price is unknown."""

    input: str | None = None
    output: str = "0"
    cache_read: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = None
    image: str | None = None
    request: str | None = None
    long_context: LongContext | None = None

    def columns(self) -> dict[str, int | None]:
        """Of a price, in nano-dollars."""
        long = self.long_context
        return {
            "input_rate": dollars_to_nanos(self.input or "0"),
            "output_rate": dollars_to_nanos(self.output),
            "cache_read_rate": _nanos(self.cache_read),
            "cache_write_rate": _nanos(self.cache_write),
            "cache_write_1h_rate": _nanos(self.cache_write_1h),
            "image_rate": _nanos(self.image),
            "request_rate": _nanos(self.request),
            "long_context_threshold": long.threshold if long else None,
            "long_input_rate": _nanos(long.input) if long else None,
            "long_output_rate": _nanos(long.output) if long else None,
            "long_cache_read_rate": _nanos(long.cache_read) if long else None,
            "long_cache_write_rate": _nanos(long.cache_write) if long else None,
            "long_cache_write_1h_rate": _nanos(long.cache_write_1h) if long else None,
        }


def _nanos(amount: str | None) -> int | None:
    return None if amount is None else dollars_to_nanos(amount)
