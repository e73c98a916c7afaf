from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Records say what was checked; published versions are never changed."""

    dependencies = [("governance", "0016_privacy_policies")]

    operations = [
        migrations.RunSQL(
            (SQL / "0017_privacy.sql").read_text(), (SQL / "0017_privacy_reverse.sql").read_text()
        ),
    ]
