"""How long callers are told to wait while Postgres is away."""

from itertools import pairwise

import pytest

from gateway.refusals import wait_after


def test_the_wait_grows_with_how_long_it_has_been_away_and_has_an_end():
    waits = [wait_after(seconds / 10) for seconds in range(-10, 1000)]
    assert all(1 <= before <= after <= 60 for before, after in pairwise(waits)), "SDKs take up to a minute"


@pytest.mark.parametrize("outage", [1.0, 5.0, 10.0, 12.0])
@pytest.mark.parametrize("called_after", [0.0, 0.3, 1.0, 4.0, 9.0])
def test_two_retries_outlive_a_restart_or_a_failover(outage, called_after):
    now = called_after
    for _ in range(2):
        if now < outage:
            now += wait_after(now)
    assert now >= outage
