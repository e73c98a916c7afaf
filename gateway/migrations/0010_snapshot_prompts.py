from django.db import migrations

_TABLES = {
    "prompts_prompt": "UPDATE",
    "prompts_label": "UPDATE",
    "prompts_promptversion": "UPDATE OF state",  # not every save of a draft, which no label leads to
}


class Migration(migrations.Migration):
    """The same trigger, for prompts: a label that moves is known everywhere within a second."""

    dependencies = [("gateway", "0009_structured_output"), ("prompts", "0002_guards")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER notify_snapshot AFTER INSERT OR DELETE OR TRUNCATE OR {update} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();",
            f"DROP TRIGGER notify_snapshot ON {table};",
        )
        for table, update in _TABLES.items()
    ]
