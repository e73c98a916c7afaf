from argparse import ArgumentParser
from typing import Any

from governance.usage.services.rollups import rebuild
from kernel import commands
from kernel.clock import perf_counter


class Command(commands.Command):
    help = "Sums usage up anew from the records. Sums of days before the oldest record stay. Calls and readers go on meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from-scratch",
            action="store_true",
            help="Drops the sums of days whose records have been let go, too.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = perf_counter()
        taken = rebuild(from_scratch=options["from_scratch"])
        seconds = perf_counter() - begun
        self.stdout.write(
            f"{taken:,} records summed up in {seconds:.1f} s ({taken / seconds:,.0f} a second)."
        )
