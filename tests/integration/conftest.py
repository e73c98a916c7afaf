"""What integration tests share."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.integration.admin_world import World, make_world
from tests.integration.module_data import rolled_back


@pytest.fixture(scope="module")
def made_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Two teams and their people, made once for a module."""
    with rolled_back(django_db_blocker):
        with django_db_blocker.unblock():
            made = make_world()
        yield made


@pytest.fixture
def world(made_world: World, db: None) -> World:
    """The module's world as it was made: what a test changes is rolled back after it."""
    return deepcopy(made_world)
