from collections import defaultdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from governance.limits.selectors.invariants import INVARIANTS, Breach, breaches
from governance.limits.services.ledger_repair import repair
from kernel import commands


class Command(commands.Command):
    help = "Checks every invariant of the ledger and says which row breaks one. Calls may go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="post what is missing as new entries, count counters anew, expire holds left behind",
        )
        parser.add_argument(
            "--at-most", type=int, default=20, help="rows shown of each kind (default %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = breaches()
        self._show(found, options["at_most"])
        if not found:
            return
        if not options["repair"]:
            raise CommandError(
                f"{len(found)} rows break an invariant. With --repair, what can be put right is."
            )
        done = repair(found)
        self.stdout.write(
            f"Repaired: {done.counters} counters counted anew, {done.corrections} corrections posted, "
            f"{done.holds} holds expired."
        )
        left = breaches()
        if left:
            self._show(left, options["at_most"])
            raise CommandError(f"{len(left)} rows are left that no new entry can put right: look into them.")

    def _show(self, found: list[Breach], at_most: int) -> None:
        by_name: dict[str, list[Breach]] = defaultdict(list)
        for breach in found:
            by_name[breach.invariant].append(breach)
        for name in INVARIANTS:
            rows = by_name[name]
            self.stdout.write(f"{'BROKEN' if rows else 'ok':6}  {name}")
            for row in rows[:at_most]:
                self.stdout.write(f"        {row}")
            if len(rows) > at_most:
                self.stdout.write(f"        and {len(rows) - at_most} more")
