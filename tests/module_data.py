"""Rows that are made once for the tests of a module."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def rolled_back(django_db_blocker: Any) -> Iterator[None]:
    """What is written while this is entered stays until it is left. Not with tests that commit: they would be within it."""
    whole = transaction.atomic()
    with django_db_blocker.unblock():
        whole.__enter__()
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)
