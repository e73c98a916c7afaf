from django.db import migrations

_TABLES = {
    "prompts_contextsource": "UPDATE",
    "prompts_knowledgebase": "UPDATE OF team_id, name, kind, route, dimensions, bedrock_id, region",
}


class Migration(migrations.Migration):
    """The same trigger, for what prompts draw on."""

    dependencies = [("gateway", "0011_snapshot_traffic"), ("prompts", "0007_context_sources")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER notify_snapshot AFTER INSERT OR DELETE OR TRUNCATE OR {update} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();",
            f"DROP TRIGGER notify_snapshot ON {table};",
        )
        for table, update in _TABLES.items()
    ]
