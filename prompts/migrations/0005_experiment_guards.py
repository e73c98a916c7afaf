from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The history of a rollout is append-only."""

    dependencies = [("prompts", "0004_experiments"), ("governance", "0002_ledger")]

    operations = [
        migrations.RunSQL(
            (SQL / "0005_experiment_guards.sql").read_text(),
            (SQL / "0005_experiment_guards_reverse.sql").read_text(),
        ),
    ]
