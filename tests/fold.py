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
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter

from kernel.migrations import CreateModels, CreatePartitionedModel, RunSource, digest, read

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
    migration.operations = _with_carried(there, migration)
    migration.dependencies = _dependencies(migration, there)
    writer = MigrationWriter(migration, include_header=False)
    path = Path(writer.path)
    for former in path.parent.glob("[0-9]*.py"):
        former.unlink()
    path.write_text(writer.as_string())
    return path


def _with_carried(there: list[Migration], made: Migration) -> list[Operation]:
    """Extensions, tables, SQL, and the triggers that call it."""
    carried = [operation for migration in there for operation in migration.operations]
    sources = {each.name: each for each in carried if isinstance(each, RunSource)}  # each once
    return [
        *(each for each in carried if isinstance(each, CreateExtension)),
        CreateModels(operations=_tables(made.app_label, partitioned=_partitioned(carried))),
        *(RunSource(each.source, sha256=digest(read(each.source)), bodies=each.bodies) for each in sources.values()),
        *(each for each in made.operations if type(each).__name__ == "AddTrigger"),
    ]  # fmt: skip


def _tables(app: str, *, partitioned: set[str]) -> list[CreateModel]:
    found = []
    for model in apps.get_app_config(app).get_models():
        state = ModelState.from_model(model)
        options = {name: value for name, value in state.options.items() if name != "triggers"}
        create = CreatePartitionedModel if state.name in partitioned else CreateModel
        found.append(create(state.name, [*state.fields.items()], options, state.bases, state.managers))
    return found


def _partitioned(carried: list[Operation]) -> set[str]:
    created = [part for each in carried for part in getattr(each, "operations", [each])]
    return {each.name for each in created if isinstance(each, CreatePartitionedModel)}


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
