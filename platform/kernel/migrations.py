"""What migrations are made of beside Django's own operations: SQL that stands in files, and partitioned tables."""

import hashlib
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import CreateModel
from django.db.migrations.state import ProjectState

Source = str | Callable[[], str]
"""The path of a file, such as `governance/limits/sql/settle.sql`, or a function that says the SQL."""

_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\(", re.MULTILINE)


class RunSource(Operation):
    """Runs SQL that has one place, as it is there now. The file can be run again and again.

    `sha256` is of the SQL when the migration was written: a test compares that of the newest migration that runs a source
    with the source, so that none changes without a migration. Older ones run what is there now, too, and so name what
    their tables do not have yet: bodies of functions are checked by the newest alone. With `bodies`, it is run in the
    database of bodies, too.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, source: Source, *, sha256: str, bodies: bool = False) -> None:
        self.source = source
        self.sha256 = sha256
        self.bodies = bodies

    @property
    def name(self) -> str:
        return (
            self.source
            if isinstance(self.source, str)
            else f"{self.source.__module__}.{self.source.__name__}"
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        values: dict[str, Any] = {"sha256": self.sha256}
        return type(self).__name__, [self.source], values | ({"bodies": True} if self.bodies else {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models know nothing of it."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if self._is_run(app_label, schema_editor):
            sql = read(self.source)
            schema_editor.execute(
                f"SET LOCAL check_function_bodies = {str(digest(sql) == self.sha256).lower()}"
            )
            schema_editor.execute(sql, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if self._is_run(app_label, schema_editor):
            for function in functions(read(self.source)):
                schema_editor.execute(
                    f"DROP FUNCTION IF EXISTS {function} CASCADE"
                )  # with triggers that call it

    def describe(self) -> str:
        return f"Run {self.name}"

    def _is_run(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
        from django.db import router  # the settings are read by then

        return router.allow_migrate(schema_editor.connection.alias, app_label, bodies=self.bodies)


class CreatePartitionedModel(CreateModel):
    """A table partitioned by ranges of its primary key, with a default partition. Who makes the others is not said here."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        quote = schema_editor.connection.ops.quote_name
        primary_key = model._meta.pk
        assert primary_key is not None
        ordinary = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{ordinary} PARTITION BY RANGE ({quote(primary_key.column)})"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = ordinary
        table = model._meta.db_table
        schema_editor.execute(f"CREATE TABLE {quote(f'{table}_default')} PARTITION OF {quote(table)} DEFAULT")

    def describe(self) -> str:
        return f"{super().describe()}, partitioned"


class CreateModels(Operation):
    """Many tables at once. One after the other, Django would make all models anew for each that refers to them.

    Foreign keys may go in circles: Django adds them when all tables are there.
    """

    serialization_expand_args = ["operations"]

    def __init__(self, operations: Sequence[CreateModel]) -> None:
        self.operations = operations

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"operations": self.operations}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        vars(state).pop("apps", None)  # the models as they were, which are made anew when they are asked for
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.operations)} models"


def read(source: Source) -> str:
    """The SQL of a source."""
    if not isinstance(source, str):
        return source()
    package, _, path = source.partition("/")
    return files(package).joinpath(path).read_text(encoding="utf-8")


def digest(sql: str) -> str:
    """What `sha256` of RunSource is compared with."""
    return hashlib.sha256(sql.encode()).hexdigest()


def functions(sql: str) -> list[str]:
    """The names of the functions that SQL defines."""
    return _FUNCTION.findall(sql)
