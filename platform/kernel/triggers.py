"""Triggers that stand beside their models, in `Meta.triggers`, and call a function of an `sql/` folder."""

from typing import Any

import pgtrigger
from pgtrigger import compiler


class TriggerSql(compiler.UpsertTriggerSql):
    """The trigger alone: its function is defined elsewhere, once."""

    def get_template(self) -> str:
        return """
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid} {when} {operation} ON {table}
                FOR EACH {level} {condition} EXECUTE FUNCTION {execute};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Trigger(pgtrigger.Trigger):
    """Before an update of a row, unless said otherwise, it calls `function`. Nothing in Python makes it look away."""

    when = pgtrigger.Before
    operation = pgtrigger.Update
    func = "RETURN NULL;"  # pgtrigger wants one; it is not made

    def __init__(self, *, function: str, **values: Any) -> None:
        self.function = function
        super().__init__(**values)

    def render_execute(self, model: Any) -> str:
        return f"{self.function}()"

    def compile(self, model: Any) -> compiler.Trigger:
        """Named in Postgres as it is here, so that it can be disabled there by its name."""
        values = super().compile(model).sql.kwargs
        kept = ("table", "when", "operation", "level", "condition", "execute")
        sql = TriggerSql(pgid=str(self.name), func="", **{name: values[name] for name in kept})
        return compiler.Trigger(name=self.name, sql=sql)
