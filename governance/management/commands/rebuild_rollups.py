from typing import Any

from django.core.management.base import BaseCommand

from governance.services.rollups import rebuild
from kernel.clock import perf_counter


class Command(BaseCommand):
    help = "Sums usage up anew from the records. Calls and readers go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        begun = perf_counter()
        taken = rebuild()
        seconds = perf_counter() - begun
        self.stdout.write(
            f"{taken:,} records summed up in {seconds:.1f} s ({taken / seconds:,.0f} a second)."
        )
