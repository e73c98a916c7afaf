"""Fixtures for all tests; those of running services are in tests/services.py."""

from collections.abc import Iterator

import pytest

from tests.services import Stack, temporary_folder


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack with the demonstration, shared by the end-to-end tests of a session."""
    import shutil

    folder = temporary_folder()
    with Stack(folder, demo=True) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)
