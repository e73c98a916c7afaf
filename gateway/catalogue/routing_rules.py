"""PURE: rules that decide how a route chooses among its deployments, and by how much each thing counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.catalogue.wishes import NOTHING, Wishes

BEDROCK, NEWEST, CHEAPEST, SCORE = "bedrock", "newest", "cheapest", "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each counts in a score. They are not below 0; what matters is how they stand to each other."""

    cost: float = 0.3
    quality: float = 0.4
    latency: float = 0.3

    def __post_init__(self) -> None:
        values = (self.cost, self.quality, self.latency)
        if min(values) < 0 or not sum(values):
            raise ValueError("weights are not below 0, and not all 0")


DEFAULT_WEIGHTS = Weights()
LOW_COST, HIGH_COST = (
    Weights(cost=0.7, quality=0.2, latency=0.1),
    Weights(cost=0.05, quality=0.65, latency=0.3),
)
"""Of callers that ask for low cost, or don't mind a high one, where no rule says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """When it holds, and what is chosen then. The first that holds decides."""

    id: int = 0
    name: str
    asks: str = ""
    """What a caller must wish for it to hold: compliance, newest, cost (low) or latency; "": nothing."""
    use_cases: frozenset[str] = frozenset()
    """Features of which one must be the call's; empty: any."""
    routes: frozenset[str] = frozenset()
    """Routes of which one must be the call's; empty: any that chooses by score."""
    choose: str = SCORE
    """bedrock: the best score of what stays in AWS; newest; cheapest: of what passes the quality bar; score."""
    quality_bar: float | None = None
    regions: tuple[str, ...] = ()
    """Answered in these regions or geographies alone; empty: anywhere."""
    weights: Weights | None = None
    confidence: float | None = None
    """What the decision says; None: by how far the first is ahead."""

    def holds(self, *, route: str, feature: str, wishes: Wishes) -> bool:
        return (
            (not self.routes or route in self.routes)
            and (not self.use_cases or feature in self.use_cases)
            and _asks(self.asks, wishes)
        )


def _asks(asks: str, wishes: Wishes) -> bool:
    match asks:
        case "compliance":
            return wishes.compliance
        case "newest":
            return wishes.newest
        case "cost":
            return wishes.cost == "low"
        case "latency":
            return wishes.latency is not None
    return True


def first_that_holds(
    rules: Iterable[RuleEntry], *, route: str, feature: str, wishes: Wishes | None
) -> RuleEntry | None:
    """The rule that decides a call; None where none holds."""
    wished = wishes or NOTHING
    return next((rule for rule in rules if rule.holds(route=route, feature=feature, wishes=wished)), None)


SHIPPED = (
    RuleEntry(name="Compliance: Bedrock only", asks="compliance", choose=BEDROCK, confidence=0.95),
    RuleEntry(name="Newest model", asks="newest", choose=NEWEST, confidence=0.85),
    RuleEntry(
        name="Low cost: cheapest that is good enough",
        asks="cost",
        choose=CHEAPEST,
        quality_bar=0.7,
        confidence=0.80,
    ),
    RuleEntry(name="All others: best score", choose=SCORE),
)
"""The rule set that an installation begins with, in this order."""
