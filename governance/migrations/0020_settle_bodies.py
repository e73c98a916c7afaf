from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Settling writes bodies by a function of their own; keys are only erased; looks at raw text stay."""

    dependencies = [("governance", "0019_bodies_functions")]

    operations = [
        migrations.RunSQL(
            (SQL / "0020_settle_bodies.sql").read_text(),
            (SQL / "0020_settle_bodies_reverse.sql").read_text(),
        ),
    ]
