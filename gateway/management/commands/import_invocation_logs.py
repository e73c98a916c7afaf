from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import CommandError, CommandParser

from gateway.reconciliation.invocations import import_invocation_logs, match_again
from kernel import commands
from kernel.money import format_usd


class Command(commands.Command):
    help = "Reads Bedrock's model invocation logs, and corrects what calls cost by what AWS counted. An object is read once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="s3://bucket/prefix, a folder or a file")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        number = 0
        try:
            for name, tally in import_invocation_logs(options["address"], dry_run=options["dry_run"]):
                number += 1
                if tally is None:
                    self.stdout.write(f"{name}: read before")
                    continue
                self.stdout.write(
                    f"{name}: {tally.lines:,} lines, {tally.taken:,} new, {tally.duplicates:,} known, "
                    f"{tally.rejected:,} rejected, {tally.matched:,} matched with calls, {tally.corrected:,} corrected "
                    f"by {format_usd(tally.corrected_nanos)}{'. ' + tally.problem if tally.problem else ''}"
                )
                for line, reason in tally.rejections[:20]:
                    self.stdout.write(f"  line {line}: {reason}")
        except (OSError, BotoCoreError, ClientError) as error:
            raise CommandError(f"{options['address']} can't be read: {error}") from error
        if not options["dry_run"] and (later := match_again()):
            self.stdout.write(f"{later:,} lines of before have found their calls.")
        if options["dry_run"]:
            self.stdout.write("Nothing of this was kept.")
        if not number:
            raise CommandError(f"There is nothing at {options['address']}.")
