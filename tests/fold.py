"""`make fold`: folds the migrations of each app into its first, as is done before there is a release.

What Django can tell of the models is made anew; what it can't, SQL and partitions, is taken over from the migrations
there are.
"""

from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.core.management.commands.makemigrations import Command
from django.db.migrations import CreateModel, Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter

from kernel.migrations import CreatePartitionedModel, RunSource, digest, read

APPS = ("accounts", "governance", "prompts", "gateway")
FIRST = "0001_initial"


def fold() -> list[Path]:
    """Writes the first migration of each app, and removes its others; what was written."""
    loader = MigrationLoader(None)
    there = {
        app: [migration for (label, _), migration in sorted(loader.disk_migrations.items()) if label == app]
        for app in APPS
    }
    return [_write(migration, there[migration.app_label]) for migration in _made_anew(loader)]


def _write(migration: Migration, there: list[Migration]) -> Path:
    migration.operations = _with_carried(there, migration.operations)
    migration.dependencies = _dependencies(migration, there)
    writer = MigrationWriter(migration, include_header=False)
    path = Path(writer.path)
    for former in path.parent.glob("[0-9]*.py"):
        former.unlink()
    path.write_text(writer.as_string())
    return path


def _with_carried(there: list[Migration], made: list[Operation]) -> list[Operation]:
    """Extensions, tables, SQL, and the triggers that call it."""
    carried = [operation for migration in there for operation in migration.operations]
    partitioned = {each.name for each in carried if isinstance(each, CreatePartitionedModel)}
    sources = {each.name: each for each in carried if isinstance(each, RunSource)}  # each once
    triggers = [each for each in made if type(each).__name__ == "AddTrigger"]
    return [
        *(each for each in carried if isinstance(each, CreateExtension)),
        *(_partitioned(each) if getattr(each, "name", "") in partitioned else each for each in made if each not in triggers),
        *(RunSource(each.source, sha256=digest(read(each.source)), bodies=each.bodies) for each in sources.values()),
        *triggers,
    ]  # fmt: skip


def _partitioned(made: Operation) -> Operation:
    assert isinstance(made, CreateModel)
    return CreatePartitionedModel(made.name, made.fields, made.options, made.bases, made.managers)


def _dependencies(migration: Migration, there: list[Migration]) -> list[tuple[str, str]]:
    """Those of the models, and those of SQL, which were written by hand."""
    apps_needed = {label for each in there for label, _ in each.dependencies} & {*APPS} - {
        migration.app_label
    }
    found = {*migration.dependencies, *((label, FIRST) for label in apps_needed)}
    return sorted(found, key=str)


def _made_anew(loader: MigrationLoader) -> list[Migration]:
    """One migration an app, from nothing to its models."""
    before = loader.project_state()
    for app, model in [*before.models]:
        if app in APPS:
            del before.models[app, model]
    asked = MigrationQuestioner(specified_apps={*APPS})
    detector = Command.autodetector(before, ProjectState.from_apps(apps), asked)
    changes = detector.changes(_Others(loader.graph), migration_name="initial")
    assert [*map(len, changes.values())] == [1] * len(APPS), "two apps need each other's tables"
    return [changes[app][0] for app in APPS]


class _Others:
    """The graph of migrations as if nobody had written any for our apps."""

    def __init__(self, graph: MigrationGraph) -> None:
        self._graph = graph

    def leaf_nodes(self, app: str | None = None) -> list[tuple[str, str]]:
        return [node for node in self._graph.leaf_nodes(app) if node[0] not in APPS]


if __name__ == "__main__":
    django.setup()
    for path in fold():
        print(path.relative_to(settings.ROOT))
