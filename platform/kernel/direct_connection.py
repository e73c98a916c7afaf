"""A connection past a pooler, for what is of a session: settings that hold for more than a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def direct_connection() -> Iterator[BaseDatabaseWrapper]:
    """Django's own, where DATABASE_DIRECT_URL is no address of its own; else another, which is closed at the end."""
    if settings.DATABASE_DIRECT_URL == settings.DATABASE_URL:
        yield connection
        return
    made = connection.copy()
    made.settings_dict.update(settings.DIRECT_DATABASE)
    try:
        yield made
    finally:
        made.close()
