from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The same trigger, for privacy policies."""

    dependencies = [("gateway", "0006_snapshot_profiles"), ("governance", "0017_privacy")]

    operations = [
        migrations.RunSQL(
            (SQL / "0007_snapshot_privacy.sql").read_text(),
            "DROP TRIGGER notify_snapshot ON governance_privacypolicy;",
        ),
    ]
