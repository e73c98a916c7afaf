from django.db import migrations


class Migration(migrations.Migration):
    """The same trigger, for teams' keys: an erased one is forgotten everywhere within a second."""

    dependencies = [("gateway", "0007_snapshot_privacy"), ("governance", "0020_settle_bodies")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER notify_snapshot AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance_teamkey "
            "FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_notify_snapshot();",
            "DROP TRIGGER notify_snapshot ON governance_teamkey;",
        ),
    ]
