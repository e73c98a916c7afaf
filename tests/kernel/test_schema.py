"""What migrations make is what the models, the SQL files and the list of the snapshot's tables say: also after a fold."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from kernel.migrations import read
from tests.fold import APPS
from tests.kernel.test_sql_sources import newest

pytestmark = pytest.mark.django_db

ANEW = "made_anew"
QUERIES = {
    "columns": """
        SELECT table_name || '.' || column_name, concat_ws(' ', udt_name, character_maximum_length, numeric_precision,
            is_nullable, column_default, is_identity, is_generated, generation_expression)
        FROM information_schema.columns WHERE table_schema = %s""",
    "indexes": """
        SELECT tablename || '.' || indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes
        WHERE schemaname = %s""",
    "constraints": """
        SELECT conrelid::regclass || '.' || conname, contype::text || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = %s::regnamespace""",
    "triggers": """
        SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t
        JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = %s::regnamespace""",
    "functions": """
        SELECT proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
            pg_get_function_result(p.oid) || prosrc || coalesce(proconfig::text, '') || provolatile::text
        FROM pg_proc p WHERE pronamespace = %s::regnamespace AND proname LIKE 'gatehouse%%'""",
    "storage": """
        SELECT attrelid::regclass || '.' || attname, attstorage::text FROM pg_attribute a
        JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p') AND attnum > 0""",
}


def there_is(kind: str, schema: str) -> dict[str, str]:
    """Of our tables and functions, without the names of schemas, and without partitions."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[kind], [schema])
        rows = [
            [text.replace(f"{schema}.", "").replace("public.", "") for text in row]
            for row in cursor.fetchall()
        ]
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relispartition", [schema]
        )
        partitions = {name for (name,) in cursor.fetchall()}
    ours = (*(f"{app}_" for app in APPS), "gatehouse_")
    return {
        name: text for name, text in rows if name.startswith(ours) and name.split(".")[0] not in partitions
    }


@pytest.fixture
def made_anew() -> None:
    """A schema made of the models, of what is in the files, and of the triggers that models name."""
    models = [
        model for app in APPS for model in apps.get_app_config(app).get_models() if not model._meta.proxy
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {ANEW}")
        cursor.execute(f"SET LOCAL search_path = {ANEW}, public")
        with connection.schema_editor(atomic=False) as editor:
            for model in models:
                editor.create_model(model)
        for _, operation in newest().values():
            cursor.execute(read(operation.source), None)
        for model in models:
            triggers: Any = getattr(model._meta, "triggers", ())
            for trigger in triggers:
                cursor.execute(trigger.compile(model).install_sql, None)


@pytest.mark.parametrize("kind", QUERIES)
def test_the_schema_is_that_of_models_and_files(made_anew, kind):
    migrated, anew = there_is(kind, "public"), there_is(kind, ANEW)
    assert len(migrated) > 20
    assert migrated == anew


@pytest.mark.parametrize("table", ["auditrecord", "auditcontent", "sealedcontent", "contentindex"])
def test_tables_of_calls_are_partitioned(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_partkeydef(oid) FROM pg_class WHERE oid = %s::regclass", [f"governance_{table}"]
        )
        assert cursor.fetchone() == ("RANGE (call_id)",)
