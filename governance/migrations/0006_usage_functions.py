from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The functions that sum usage up."""

    dependencies = [("governance", "0005_usage")]

    operations = [
        migrations.RunSQL(
            (SQL / "0006_usage.sql").read_text(),
            "DROP FUNCTION gatehouse_roll_up(text, int, int); DROP FUNCTION gatehouse_usage_facts(bigint, bigint);",
        ),
    ]
