from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """The same trigger, for teams' inference profiles."""

    dependencies = [("gateway", "0005_team_inference_profiles")]

    operations = [
        migrations.RunSQL(
            (SQL / "0006_snapshot_profiles.sql").read_text(),
            "DROP TRIGGER notify_snapshot ON gateway_teaminferenceprofile;",
        ),
    ]
