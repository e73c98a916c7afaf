from typing import Any

from gateway.management.importing import ImportCommand
from gateway.reconciliation.costs import import_aws_costs


class Command(ImportCommand):
    help = (
        "Reads AWS's bill: Data Exports or Cost and Usage Reports, CSV or Parquet. The latest delivery of a month takes "
        "the place of those before it."
    )
    read = staticmethod(import_aws_costs)

    def words(self, tally: Any) -> str:
        return (
            f"{tally.lines:,} lines, {tally.taken:,} of Bedrock, {tally.duplicates:,} twice, "
            f"{tally.rejected:,} rejected"
        )
