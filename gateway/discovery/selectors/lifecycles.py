"""When models end, by what all regions say of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from gateway.discovery.models import Discovered, FoundKind


@dataclass(slots=True)
class Lifecycle:
    """The soonest date of each step, of the regions that give any."""

    legacy_from: date | None = None
    extended_from: date | None = None
    ends_on: date | None = None

    @property
    def dates(self) -> dict[str, date | None]:
        """By the names that facts have for them."""
        return {
            "legacy_from": self.legacy_from,
            "extended_from": self.extended_from,
            "ends_on": self.ends_on,
        }

    def add(self, facts: dict[str, str | None]) -> None:
        """What one more region says."""
        for name, known in self.dates.items():
            if said := facts.get(name):
                day = date.fromisoformat(said)
                setattr(self, name, day if known is None else min(day, known))


def lifecycles(*, account: str, regions: Collection[str]) -> dict[str, Lifecycle]:
    """By model ID, of the foundation models that the regions offer."""
    found: dict[str, Lifecycle] = {}
    rows = Discovered.objects.filter(
        kind=FoundKind.FOUNDATION, account=account, region__in=regions, gone_at=None
    ).order_by()
    for identifier, facts in rows.values_list("identifier", "facts"):
        found.setdefault(identifier, Lifecycle()).add(facts)
    return found
