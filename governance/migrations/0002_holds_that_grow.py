from django.db import migrations

import kernel.migrations


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [
        # What it returns has a column more, which replacing a function can't add.
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS gatehouse_reserve(jsonb, jsonb, uuid)", migrations.RunSQL.noop
        ),
        kernel.migrations.RunSource(
            source="governance/limits/sql/reserve.sql",
            sha256="58697b0eaf8e9d73670d5c6ef9130e47e415d447d77f33a6332782451480ea3a",
        ),
    ]
