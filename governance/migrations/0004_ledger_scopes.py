from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The ledger's functions for budgets of any scope, grants and corrections."""

    dependencies = [("governance", "0003_scopes_limits_and_grants")]

    operations = [
        migrations.RunSQL(
            (SQL / "0004_ledger_scopes.sql").read_text(),
            (SQL / "0004_ledger_scopes_reverse.sql").read_text(),
        ),
    ]
