"""What is played in a dry run: weights and rules as they are, or as they are meant to be."""

from gateway.catalogue.models import RoutingRule
from gateway.catalogue.routing_rules import RuleEntry, Weights
from gateway.catalogue.selectors import rule_entries

RULES = {
    "enabled": "Rules that are enabled",
    "all": "All rules, those switched off too",
    "none": "No rules: scores alone",
}


def rules_asked(which: str) -> tuple[RuleEntry, ...]:
    """Rules by one of the words above."""
    if which == "none":
        return ()
    return rule_entries(RoutingRule.objects.all()) if which == "all" else rule_entries()


def weights_asked(cost: float | None, quality: float | None, latency: float | None) -> Weights | None:
    """None where none are given: those of the route. ValueError where they are not all, or all 0."""
    if cost is None and quality is None and latency is None:
        return None
    if cost is None or quality is None or latency is None:
        raise ValueError("give all three weights, or none")
    return Weights(cost=cost, quality=quality, latency=latency)
