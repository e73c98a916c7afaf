from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """What the tables of bodies need, in whichever database they are."""

    dependencies = [("governance", "0018_bodies")]

    operations = [
        migrations.RunSQL(
            (SQL / "0019_bodies.sql").read_text(),
            (SQL / "0019_bodies_reverse.sql").read_text(),
            hints={"bodies": True},
        ),
    ]
