from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Triggers that tell the gateways when to refresh their snapshot."""

    dependencies = [
        ("gateway", "0001_initial"),
        ("governance", "0002_ledger"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_snapshot_notify.sql").read_text(),
            (SQL / "0002_snapshot_notify_reverse.sql").read_text(),
        ),
    ]
