from typing import Any

from django.core.management.base import CommandError, CommandParser

from gateway.demo.seed import seed_calls
from kernel import commands
from kernel.clock import perf_counter, utc_now


class Command(commands.Command):
    help = "Adds many calls marked as demo, without cost to any budget, to see how fast pages are with them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, default=100_000, metavar="N")
        parser.add_argument("--days", type=int, default=35, metavar="N", help="spread over the last N days")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 1 or options["days"] < 1:
            raise CommandError("--count and --days start at 1.")
        begun = perf_counter()
        seed_calls(count=options["count"], days=options["days"], now=utc_now())
        self.stdout.write(f"{options['count']} calls added in {perf_counter() - begun:.1f} s.")
