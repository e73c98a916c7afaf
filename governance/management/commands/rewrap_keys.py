from collections import Counter
from typing import Any

from django.core.management.base import CommandError

from governance.records.services.rewrapping import rewrap_all
from kernel import commands


class Command(commands.Command):
    help = (
        "Encrypts every team's key and the root secret anew, under GATEHOUSE_MASTER_KEY or the key of GATEHOUSE_KMS_KEY_ID."
        " Calls may go on meanwhile, and it can be run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes: Counter[str] = Counter()
        for each in rewrap_all():
            outcomes[each.outcome] += 1
            if each.outcome in ("done", "failed"):
                self.stdout.write(f"{each.outcome:6}  {each.name}{': ' if each.why else ''}{each.why}")
        self.stdout.write(
            f"{outcomes['done']} encrypted anew, {outcomes['current']} were already, {outcomes['failed']} can't be opened."
        )
        if outcomes["failed"]:
            raise CommandError(
                "Those keys were left as they are. Leave GATEHOUSE_PREVIOUS_MASTER_KEY in place, and run this again once they open."
            )
