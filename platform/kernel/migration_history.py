"""A database of another version than this is told from one that only has to be migrated, before anything in it is changed."""

from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.core.management.base import CommandError
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import pre_migrate

_REMEDY = (
    "Before the first release, data is not carried over from version to version, and nothing was changed. With "
    "`make run`, move the data folder (.data) away or remove it; with DATABASE_URL, name an empty database."
)


def guard(app: AppConfig) -> None:
    """Sees to it that an app's tables are migrated only from where its migrations know."""
    pre_migrate.connect(_check, sender=app)


def _check(sender: AppConfig, using: str, apps: Apps, **kwargs: Any) -> None:
    """Before anything is migrated; `apps` are the models as the migrations that were applied have made them."""
    loader = MigrationLoader(connections[using])
    if sender.label in loader.unmigrated_apps:
        return  # migrations are switched off, as for a test's copy of a database that is migrated already
    if found := _not_known(sender.label, loader) or _missing(sender.label, using, apps):
        raise CommandError(f"This database was made by another version of Gatehouse: {found}. {_REMEDY}")


def _not_known(label: str, loader: MigrationLoader) -> str:
    names = sorted(name for app, name in loader.applied_migrations if app == label)
    unknown = [name for name in names if (label, name) not in loader.disk_migrations]
    return f"it has the migration {label}.{unknown[-1]}, which this version does not have" if unknown else ""


def _missing(label: str, using: str, apps: Apps) -> str:
    """A column that is not there, where the first migration has become another since it was applied."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns")
        there = set(cursor.fetchall())
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label == label and router.allow_migrate_model(using, model):
            for field in model._meta.local_concrete_fields:
                if (model._meta.db_table, field.column) not in there:
                    return f"it lacks the column {model._meta.db_table}.{field.column}"
    return ""
