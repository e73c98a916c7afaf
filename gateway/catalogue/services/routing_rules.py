"""Makes routing rules: those that ship, and those that a page proposes."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Max

from gateway.catalogue.models import RoutingRule
from gateway.catalogue.routing_rules import SHIPPED, RuleEntry

_GAP = 10
"""Between two positions, so that another rule can be put between."""


def ship_rules() -> int:
    """The rule set that an installation begins with, where there are no rules; how many."""
    return 0 if RoutingRule.objects.exists() else len(add_rules(SHIPPED))


@transaction.atomic
def add_rules(entries: Iterable[RuleEntry], *, first: bool = False) -> list[RoutingRule]:
    """Adds rules behind those there are, or before all of them. One of the same name is brought up to the new one, in its place.

    ValidationError where one says what it must not.
    """
    made = []
    entries = list(entries)
    if first:
        begin = 0  # where a rule may stand that nobody has given a place: after this all others are behind
        RoutingRule.objects.update(position=F("position") + _GAP * len(entries))
    else:
        begin = (RoutingRule.objects.aggregate(last=Max("position"))["last"] or 0) + _GAP
    for number, entry in enumerate(entries):
        place = begin + _GAP * number
        known = RoutingRule.objects.filter(name=entry.name).first()
        rule = known or RoutingRule(name=entry.name, position=place)
        for column, value in _columns(entry).items():
            setattr(rule, column, value)
        rule.full_clean()
        rule.save()
        made.append(rule)
    return made


def _columns(entry: RuleEntry) -> dict[str, object]:
    weights = entry.weights
    return {
        "asks": entry.asks,
        "use_cases": sorted(entry.use_cases),
        "routes": sorted(entry.routes),
        "choose": entry.choose,
        "quality_bar": entry.quality_bar,
        "regions": list(entry.regions),
        "weight_cost": None if weights is None else weights.cost,
        "weight_quality": None if weights is None else weights.quality,
        "weight_latency": None if weights is None else weights.latency,
        "confidence": entry.confidence,
    }
