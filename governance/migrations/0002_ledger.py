from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The ledger's functions. What they promise is in governance/limits/services/ledger.py."""

    dependencies = [("governance", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_ledger.sql").read_text(),
            (SQL / "0002_ledger_reverse.sql").read_text(),
        ),
    ]
