"""The triggers that end answers when what they were made of changes. The tables are of another app, which knows nothing of the
gateway, so they can't stand beside their models.
"""

_CHANGES = (
    ("prompts_knowledgedocument", "purge_cache_changed", "UPDATE", "gatehouse_purge_document",
     ("current_id", "application_ids", "name", "base_id")),
    ("prompts_knowledgedocument", "purge_cache_deleted", "DELETE", "gatehouse_purge_document", ()),
    ("prompts_knowledgebase", "purge_cache", "UPDATE", "gatehouse_purge_base",
     ("name", "route", "dimensions", "language", "bedrock_id", "region")),
    ("prompts_knowledgebase", "purge_cache_deleted", "DELETE", "gatehouse_purge_base", ()),
    ("prompts_contextsource", "purge_cache", "UPDATE OR DELETE", "gatehouse_purge_context", ()),
)  # fmt: skip
"""Table, name, when, function, and the columns of which one must have changed; none: any will do."""


def purge_triggers() -> str:
    """SQL that makes them (gateway/cache/sql/purges.sql has the functions)."""
    return "".join(_trigger(*each) for each in _CHANGES)


def _trigger(table: str, name: str, event: str, function: str, columns: tuple[str, ...]) -> str:
    differ = " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in columns)
    condition = f"    WHEN ({differ})\n" if columns else ""
    return (
        f"DROP TRIGGER IF EXISTS {name} ON {table};\n"
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW\n"
        f"{condition}    EXECUTE FUNCTION {function}();\n"
    )
