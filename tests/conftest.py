"""Fixtures for all tests; those of running services are in tests/services.py."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings

from tests import emptying
from tests.module_data import rolled_back
from tests.services import Stack, temporary_folder
from tests.world import World, make_world

emptying.use_it()
STATIC_FILES = "servestatic.middleware.ServeStaticMiddleware"


@pytest.fixture(scope="session", autouse=True)
def static_files_are_left_to_their_own_tests() -> None:
    """Else each of Django's test clients begins by reading the folders of all static files, and each request goes through
    two event loops; a live server has its own way to serve them, and a stack's gateway is as it is installed."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != STATIC_FILES]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_url: str, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """pytest-django's place to change the database before it is used: here it is started."""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack with the demonstration, shared by the end-to-end tests of a session."""
    folder = temporary_folder()
    with Stack(folder, demo=True) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


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
