"""The ledger under fire for as long as asked: `make bench ARGS='--only soak --minutes 10 --seed 7'`."""

import os
import shutil
from typing import TYPE_CHECKING

import django

from tests.services import Stack, temporary_folder, until

if TYPE_CHECKING:
    from tests.e2e.fire import Report


def run(*, minutes: float, seed: int) -> tuple["Report", str]:
    """What happened, and what `verify_ledger` says of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from tests.e2e.conftest import World  # makes rows by Django's models
    from tests.e2e.fire import Fire

    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        until(lambda: world.chat().status_code == 200, what="the first answer")
        report = Fire(world, seed=seed).burn(seconds=minutes * 60, pause=(0.5, 4.0))
        verdict = stack.manage("verify_ledger")
    shutil.rmtree(folder, ignore_errors=True)
    return report, verdict
