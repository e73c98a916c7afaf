from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models.team import Team
from accounts.models.user import User


class Role(models.TextChoices):
    """What a member may do in a team, from most to least; see `accounts.policy.roles`."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    DEVELOPER = "developer", "Developer"
    REVIEWER = "reviewer", "Reviewer"
    VIEWER = "viewer", "Viewer"


class Membership(Owned):
    """One person's role in one team."""

    owned_by = OwnedBy()

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.DEVELOPER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "user__email")
        constraints = (models.UniqueConstraint(fields=("user", "team"), name="membership_once_per_team"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.team} ({self.get_role_display()})"
