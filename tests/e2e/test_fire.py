"""Overspend is nothing at all, whatever is killed."""

import shutil

import pytest

from tests.e2e.conftest import World
from tests.e2e.fire import Fire
from tests.governance.limits.invariants import assert_sound
from tests.services import Stack, temporary_folder, until


@pytest.mark.slow
@pytest.mark.load
@pytest.mark.timeout(500)
def test_nothing_is_overspent_lost_or_left_held():
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        until(lambda: world.chat().status_code == 200, what="the first answer")
        report = Fire(world, seed=20261121).burn(seconds=20, pause=(0.5, 2.0))
        print(report)
        assert (report.overspend_nanos, report.held, report.missing) == (0, 0, 0), report
        assert report.outcomes["200"] > 200
        assert report.outcomes["402"] > 20
        assert_sound(world.execute)
        assert "BROKEN" not in stack.manage("verify_ledger")
    shutil.rmtree(folder, ignore_errors=True)
