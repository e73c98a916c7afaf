"""SQL that stands in files: each function defined once, each file run by a migration, and none changed without one."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from kernel.migrations import RunSource, digest, functions, read
from tests.fold import APPS


def newest() -> dict[str, tuple[str, RunSource]]:
    """By the name of a source, the last migration that runs it, and how."""
    loader = MigrationLoader(None)
    plan = [node for leaf in loader.graph.leaf_nodes() for node in loader.graph.forwards_plan(leaf)]
    found = {}
    for app, name in dict.fromkeys(plan):
        for operation in loader.graph.nodes[app, name].operations:
            if isinstance(operation, RunSource):
                found[operation.name] = (f"{app}.{name}", operation)
    return found


def files() -> set[str]:
    """By the package that they are in, of which some stand in `platform/`."""
    roots = (Path(settings.ROOT), Path(settings.ROOT) / "platform")
    return {
        str(path.relative_to(root))
        for root in roots
        for app in APPS
        for path in (root / app).glob("**/*.sql")
    }


@pytest.mark.parametrize("name", sorted(newest()))
def test_none_is_changed_without_a_migration(name):
    migration, operation = newest()[name]
    now = digest(read(operation.source))
    assert now == operation.sha256, (
        f"{name} is not what the migration {migration} ran. Before the first release, run `make fold`. After it, "
        f"add a migration with RunSource({name!r}, sha256={now!r})."
    )


def test_each_file_is_run_by_a_migration():
    assert files() == {name for name in newest() if name.endswith(".sql")}


def test_each_function_is_defined_once():
    found = Counter(name for _, operation in newest().values() for name in functions(read(operation.source)))
    assert len(found) > 25
    assert [name for name, number in found.items() if number > 1] == []


def test_a_file_can_be_run_again():
    for name in files():
        text = read(name)
        assert "CREATE FUNCTION" not in text, f"{name}: write CREATE OR REPLACE FUNCTION"
        assert "CREATE TRIGGER" not in text, f"{name}: triggers stand beside their models, in Meta.triggers"


def test_there_are_few_migrations_before_a_release():
    loader = MigrationLoader(None)
    assert len([key for key in loader.disk_migrations if key[0] in APPS]) <= 12
