"""Scenarios that somebody keeps."""

from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User


class CostScenario(Owned):
    """A scenario and what it is priced at: of a team, or, without one, of the organisation. Figures are worked out when it is read,
    at the prices of then."""

    owned_by = OwnedBy(what="scenarios of the organisation")

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="cost_scenarios", help_text="Empty: of the organisation."
    )  # fmt: skip
    name = models.CharField(max_length=100, help_text="Such as “Chat, if it doubles”.")
    scenario = models.JSONField(help_text="See gateway.costs.policy.scenario.")
    choice = models.JSONField(help_text="See gateway.costs.policy.choice.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "cost scenario"
        ordering = ("-created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("team", "name"), name="cost_scenario_once", nulls_distinct=False),
        )

    def __str__(self) -> str:
        return self.name
