"""A few faults of the drill, shorter than there: nothing is lost, nothing is spent too much, and calls succeed again by themselves."""

from collections.abc import Iterator
from math import isfinite

import pytest

from tests.drill.fault import Fault
from tests.drill.faults import FAULTS, postgres, valkey
from tests.drill.ground import Ground, ground
from tests.drill.measure import run

pytestmark = [pytest.mark.slow, pytest.mark.load]


@pytest.fixture(scope="module")
def own_ground() -> Iterator[Ground]:
    with ground() as made:
        yield made


def shortened(fault: Fault, *, seconds: float) -> Fault:
    fault.seconds, fault.before, fault.after = seconds, 1.0, 4.0  # type: ignore[misc]
    return fault


@pytest.mark.parametrize(
    "fault",
    [
        shortened(postgres.ReadOnly(), seconds=5),
        shortened(postgres.SessionsEnded(), seconds=3),
        shortened(valkey.OutOfMemory(), seconds=3),
    ],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_and_calls_succeed_again(own_ground, fault):
    row = run(fault, lambda: own_ground)
    assert (row.lost, row.given_up, row.overspend_nanos, row.is_sound) == (0, 0, 0, True), row
    assert row.calls > row.failed, row
    assert all(isfinite(seconds) for seconds in (row.again_after or 0, row.ready_after or 0)), row


def test_each_fault_has_a_name_of_its_own_and_says_what_it_does():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.does for fault in FAULTS)
