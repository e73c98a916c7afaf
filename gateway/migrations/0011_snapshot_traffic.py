from django.db import migrations

_TABLES = {
    "prompts_experiment": "UPDATE OF state",  # not every look at its figures
    "prompts_rollout": "UPDATE OF state, step",
}


class Migration(migrations.Migration):
    """The same trigger, for experiments and rollouts: one that is rolled back is over everywhere within a second."""

    dependencies = [("gateway", "0010_snapshot_prompts"), ("prompts", "0004_experiments")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER notify_snapshot AFTER INSERT OR DELETE OR TRUNCATE OR {update} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();",
            f"DROP TRIGGER notify_snapshot ON {table};",
        )
        for table, update in _TABLES.items()
    ]
