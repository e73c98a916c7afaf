"""What was projected, kept to be looked at again and compared."""

from gateway.costs.models.scenario import CostScenario

__all__ = ["CostScenario"]
