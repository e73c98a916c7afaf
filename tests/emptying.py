"""Empties the tables that a test has filled.

Django's own way truncates all hundred of them and makes permissions and content types anew: most of a second for each
test that commits.
"""

from typing import Any

from django.db import connections
from django.test import TransactionTestCase

KEPT = ("django_migrations", "django_content_type", "auth_permission")
"""What migrating has made for good, the same for all tests."""
# Row by row and without triggers, which guard and announce what callers do: a lock on a table would wait for gateways.
_EMPTY = """
DO $$
DECLARE name text; has_rows boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT oid::regclass::text FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
            AND relname <> ALL (ARRAY[%s])
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %%s)', name) INTO has_rows;
        IF has_rows THEN EXECUTE format('DELETE FROM %%s', name); END IF;
    END LOOP;
END $$
"""


def empty(alias: str) -> None:
    """Deletes every row of a database but those of KEPT."""
    names = ", ".join(f"'{name}'" for name in KEPT)
    with connections[alias].cursor() as cursor:
        cursor.execute(_EMPTY % names)


def _teardown(case: Any) -> None:
    for alias in case._databases_names(include_mirrors=False):
        empty(alias)


def use_it() -> None:
    """Makes Django's tests that commit leave empty tables in this way."""
    TransactionTestCase._fixture_teardown = _teardown
