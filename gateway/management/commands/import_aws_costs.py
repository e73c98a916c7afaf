from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import CommandError, CommandParser

from gateway.reconciliation.costs import import_aws_costs
from kernel import commands


class Command(commands.Command):
    help = (
        "Reads AWS's bill: Data Exports or Cost and Usage Reports, CSV or Parquet. The latest delivery of a month takes "
        "the place of those before it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="s3://bucket/prefix, a folder or a file")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        number = 0
        try:
            for name, tally in import_aws_costs(options["address"], dry_run=options["dry_run"]):
                number += 1
                if tally is None:
                    self.stdout.write(f"{name}: read before")
                    continue
                self.stdout.write(
                    f"{name}: {tally.lines:,} lines, {tally.taken:,} of Bedrock, {tally.duplicates:,} twice, "
                    f"{tally.rejected:,} rejected{'. ' + tally.problem if tally.problem else ''}"
                )
                for line, reason in tally.rejections[:20]:
                    self.stdout.write(f"  line {line}: {reason}")
        except (OSError, BotoCoreError, ClientError) as error:
            raise CommandError(f"{options['address']} can't be read: {error}") from error
        if options["dry_run"]:
            self.stdout.write("Nothing of this was kept.")
        if not number:
            raise CommandError(f"There is nothing at {options['address']}.")
