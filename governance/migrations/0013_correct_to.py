from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Corrections to a cost, exact whoever else corrects."""

    dependencies = [("governance", "0012_reconciliation_details")]

    operations = [
        migrations.RunSQL(
            (SQL / "0013_correct_to.sql").read_text(), "DROP FUNCTION gatehouse_correct_to(jsonb);"
        ),
    ]
