from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models.team import Team
from accounts.policy.roles import Capability


class Application(Owned):
    """What calls: one program or service of a team. Its API keys are its credentials."""

    owned_by = OwnedBy(change=Capability.MANAGE_KEYS)

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="applications")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="An inactive application's keys are refused."
    )
    is_internal = models.BooleanField(
        default=False, db_default=False, editable=False,
        help_text="Gatehouse's own calls for the team: evaluations, the playground, knowledge. Its key is never shown.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "name")
        constraints = (
            models.UniqueConstraint(fields=("team", "name"), name="application_name_once_per_team"),
        )

    def __str__(self) -> str:
        return self.name
