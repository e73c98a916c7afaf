"""Money as integers: nano-dollars (one billionth of a US dollar). No floats anywhere."""

from decimal import ROUND_HALF_EVEN, Decimal, DecimalException

NANOS_PER_DOLLAR = 1_000_000_000
MAX_NANOS = 2**63 - 1
"""What a column of Postgres takes."""
TOKENS_PER_PRICE = 1_000_000
"""Prices are nano-dollars per this many tokens, so that $0.0375 per million tokens is exact."""


def dollars_to_nanos(amount: str | Decimal) -> int:
    """Nano-dollars of a decimal dollar amount. Raises ValueError for what is no amount or is finer than a nano."""
    try:
        nanos = Decimal(amount) * NANOS_PER_DOLLAR
        exact = int(nanos.to_integral_value())
    except DecimalException as error:
        raise ValueError(f"{str(amount)[:40]!r} is not an amount in dollars") from error
    except OverflowError as error:
        raise ValueError(f"{amount!r} is not a finite amount") from error
    if nanos != exact:
        raise ValueError(f"{amount} is finer than a billionth of a dollar")
    return exact


def nanos_to_dollars(nanos: int) -> Decimal:
    """The exact decimal dollar amount of nano-dollars."""
    return Decimal(nanos) / NANOS_PER_DOLLAR


def format_usd(nanos: int, *, places: int | None = None) -> str:
    """A dollar amount for people: cents from a dollar up, four significant places below, `places` when given."""
    dollars = nanos_to_dollars(nanos)
    if places is None:
        places = 2 if abs(dollars) >= 1 or nanos == 0 else 4 if abs(dollars) >= Decimal("0.01") else 6
    quantized = dollars.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    sign = "-" if quantized < 0 else ""
    return f"{sign}${abs(quantized):,}"


def plain_usd(nanos: int) -> str:
    """A dollar amount for machines: exact, no exponent, no trailing zeros (`0.0000123`)."""
    text = f"{nanos_to_dollars(nanos):.9f}".rstrip("0").rstrip(".")
    return text or "0"
