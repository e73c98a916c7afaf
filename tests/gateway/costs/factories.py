"""Scenarios that are kept."""

from typing import Any

from accounts.models import Team
from gateway.costs.models import CostScenario

SCENARIO: dict[str, Any] = {
    "calls": 1000,
    "kinds": [{"name": "chat", "share": "1", "input_tokens": 1000, "output_tokens": 100}],
}


def make_scenario(team: Team | None, name: str = "Next year", **fields: Any) -> CostScenario:
    """A thousand calls a month of one kind, on nova-lite."""
    values = {"scenario": SCENARIO, "choice": {"routes": ["nova-lite"]}, **fields}
    return CostScenario.objects.create(team=team, name=name, **values)
