"""PURE: why a call went where it went."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gateway.catalogue.wishes import Wishes
    from gateway.snapshot.state import DeploymentEntry

_MAX_SENTENCE = 900
_NOT_PLAIN = re.compile(r"[^ -~]")
"""What a header can't have, or not everywhere."""


class Candidate(NamedTuple):
    """A deployment that could have been chosen, or why it could not."""

    model: str
    region: str
    invoke_id: str
    score: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"model": self.model, "region": self.region, "invoke_id": self.invoke_id}
        if self.score is not None:
            found["score"] = round(self.score, 3)
        return found | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """`deployments` from the first choice on; `scores` by id, from 0 to 1; `alike` is how many of the first are as good."""

    deployments: tuple[DeploymentEntry, ...]
    scores: dict[int, float] = field(default_factory=dict)
    reason: str = ""
    rule: str = ""
    confidence: float = 1.0
    alike: int = 1


@dataclass(slots=True, kw_only=True)
class Decision:
    """Of one call. By `resolve route`, and by what happens while it is sent."""

    reason: str = ""
    provider: str = "bedrock"
    confidence: float = 1.0
    """From 0 to 1: how surely this is the best of the candidates by the rule that chose."""
    cost_impact: float | None = None
    """What it is expected to cost more (above 0) or less than the route's first deployment, as a share of that; None where it is that one, or nothing is known."""
    rule: str = ""
    """The routing rule that chose, where one did."""
    score: float | None = None
    """Of the first choice, from 0 to 1, where scores decided."""
    wishes: Wishes | None = None
    """Of the caller, for the choice."""
    fell_back_to: str = ""
    """The route that answered in the place of the call's own, where one did."""
    candidates: tuple[Candidate, ...] = ()
    events: list[str] = field(default_factory=list)
    """What happened on the way: what was out, throttled, or tried before."""

    def note(self, event: str) -> None:
        """Adds what happened; the same thing is said once."""
        if event not in self.events:
            self.events.append(event)

    def sentence(self, *, model: str, invoke_id: str, region: str) -> str:
        """One line of ASCII under 1,000 characters."""
        parts = [self.reason or "the only deployment", *self.events]
        if self.cost_impact is not None:
            parts.append(
                f"{abs(self.cost_impact):.0%} {'more' if self.cost_impact > 0 else 'less'} than the default"
            )
        text = f"{model} as {invoke_id} in {region}: {'; '.join(parts)}."
        text = _NOT_PLAIN.sub("?", text)
        return text if len(text) <= _MAX_SENTENCE else f"{text[: _MAX_SENTENCE - 3]}..."

    def as_json(self) -> dict[str, Any]:
        """As the record keeps it."""
        found: dict[str, Any] = {
            "provider": self.provider,
            "reason": self.reason,
            "confidence": round(self.confidence, 2),
        }
        if self.cost_impact is not None:
            found["cost_impact"] = round(self.cost_impact, 4)
        if self.rule:
            found["rule"] = self.rule
        if self.score is not None:
            found["score"] = round(self.score, 3)
        if self.wishes is not None:
            found["wishes"] = self.wishes.as_json()
        if self.fell_back_to:
            found["fell_back_to"] = self.fell_back_to
        if self.events:
            found["events"] = self.events
        if self.candidates:
            found["candidates"] = [each.as_json() for each in self.candidates]
        return found
