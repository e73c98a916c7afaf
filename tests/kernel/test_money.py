from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import dollars_to_nanos, format_usd, nanos_to_dollars, plain_usd


@given(st.integers(-(10**18), 10**18))
def test_every_amount_survives_dollars_and_back(nanos):
    assert dollars_to_nanos(nanos_to_dollars(nanos)) == nanos
    assert dollars_to_nanos(plain_usd(nanos)) == nanos


@pytest.mark.parametrize("amount", ["", "x", "NaN", "Infinity", "0.0000000001", "1e9999999"])
def test_what_is_no_exact_amount_is_refused(amount):
    with pytest.raises(ValueError):  # noqa: PT011 - the message names the amount
        dollars_to_nanos(amount)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "$0.00"),
        (1_234_567_890_123, "$1,234.57"),
        (18_942_000, "$0.0189"),
        (1_894_200, "$0.001894"),
        (-2_500_000_000, "-$2.50"),
    ],
)
def test_amounts_for_people(nanos, text):
    assert format_usd(nanos) == text


def test_amounts_for_machines_have_no_exponent():
    assert plain_usd(1) == "0.000000001"
    assert plain_usd(0) == "0"
    assert nanos_to_dollars(1) == Decimal("1E-9")
