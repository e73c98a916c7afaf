from django.db import migrations

EMPTY = """
DELETE FROM governance_usagequarterhour;
DELETE FROM governance_usageday;
DELETE FROM governance_usageenduserday;
DELETE FROM governance_usagefeature;
UPDATE governance_rollupstate SET watermark = 0;
"""


class Migration(migrations.Migration):
    """Sums of whole hours, and of models that callers made up, go. The next roll-up makes them anew from the records."""

    dependencies = [("governance", "0014_usage_routes")]

    operations = [migrations.RunSQL(EMPTY, EMPTY)]
