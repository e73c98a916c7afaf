from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Usage by the quarter of an hour and by route alone; roll-ups that wait for nobody; rebuilding after a restore."""

    dependencies = [("governance", "0013_correct_to")]

    operations = [
        migrations.RemoveConstraint(model_name="usagehour", name="usage_hour_once"),
        migrations.RenameModel(old_name="UsageHour", new_name="UsageQuarterHour"),
        migrations.AddConstraint(
            model_name="usagequarterhour",
            constraint=models.UniqueConstraint(
                fields=(
                    "starts_at", "team_id", "application_id", "api_key_id", "feature", "route", "model", "region",
                ),
                name="usage_quarter_hour_once",
            ),
        ),
        migrations.RunSQL(
            (SQL / "0014_usage_routes.sql").read_text(),
            (SQL / "0014_usage_routes_reverse.sql").read_text() + (SQL / "0006_usage.sql").read_text(),
        ),
    ]  # fmt: skip
