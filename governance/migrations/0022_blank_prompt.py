from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Records that say nothing of a prompt are filled in by Postgres."""

    dependencies = [("governance", "0021_prompt_of_calls")]

    operations = [
        migrations.RunSQL(
            (SQL / "0022_blank_prompt.sql").read_text(),
            (SQL / "0022_blank_prompt_reverse.sql").read_text(),
        ),
    ]
