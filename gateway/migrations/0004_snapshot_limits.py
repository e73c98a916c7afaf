from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The same triggers, for rate limits and grants."""

    dependencies = [
        ("gateway", "0003_price_tiers_and_waiting"),
        ("governance", "0003_scopes_limits_and_grants"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0004_snapshot_limits.sql").read_text(),
            (SQL / "0004_snapshot_limits_reverse.sql").read_text(),
        ),
    ]
