from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError

from governance.usage.services.retention import drop_months, listed_before, refuse_drop
from kernel import commands
from kernel.clock import utc_now


class Command(commands.Command):
    help = (
        "Drops all calls that began before a month, with what was said in them: they are gone. "
        "Sums of usage, ledger entries, reviews and feedback stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", required=True, type=_month, metavar="YYYY-MM", help="the first month to be kept"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be dropped, and drop nothing"
        )
        parser.add_argument("--no-input", action="store_true", help="don't ask")

    def handle(self, *args: Any, **options: Any) -> None:
        before, now = options["before"], utc_now()
        try:
            refuse_drop(before, now=now)
            for line in listed_before(before):
                self.stdout.write(line)
            if options["dry_run"]:
                self.stdout.write("Nothing was dropped.")
                return
            if not options["no_input"] and input("Drop them for good? Type yes: ").strip() != "yes":
                raise CommandError("Nothing was dropped.")
            number = drop_months(before=before, now=now, say=self.stdout.write)
        except OperationalError as error:
            raise CommandError(
                f"A table stayed locked, so not everything was dropped ({error}). Run it again."
            ) from error
        self.stdout.write(f"{number} calls before {before:%Y-%m} are gone.")


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError("name a month as 2026-01") from None
