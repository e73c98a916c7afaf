from typing import Any

from gateway.management.importing import ImportCommand
from gateway.reconciliation.invocations import import_invocation_logs, match_again
from kernel.money import format_usd


class Command(ImportCommand):
    help = "Reads Bedrock's model invocation logs, and corrects what calls cost by what AWS counted. An object is read once."
    read = staticmethod(import_invocation_logs)

    def words(self, tally: Any) -> str:
        return (
            f"{tally.lines:,} lines, {tally.taken:,} new, {tally.duplicates:,} known, {tally.rejected:,} rejected, "
            f"{tally.matched:,} matched with calls, {tally.corrected:,} corrected by {format_usd(tally.corrected_nanos)}"
        )

    def finish(self) -> None:
        if later := match_again():
            self.stdout.write(f"{later:,} lines of before have found their calls.")
