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
    """One person's role in one team; or a role that waits for whoever signs in next with an address.

    Everybody is added by address and waits, so that adding tells nobody which addresses have an account.
    """

    owned_by = OwnedBy()

    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships", editable=False
    )
    waits_for = models.EmailField(
        blank=True,
        db_default="",
        editable=False,
        help_text="Whom it waits for, in lower case; empty when they are in.",
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.DEVELOPER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "user__email", "waits_for")
        constraints = (
            models.UniqueConstraint(fields=("user", "team"), name="membership_once_per_team"),
            models.UniqueConstraint(
                fields=("waits_for", "team"),
                condition=~models.Q(waits_for=""),
                name="membership_waits_once_per_team",
            ),
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(waits_for=""), name="membership_of_somebody"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user or self.waits_for} in {self.team} ({self.get_role_display()})"

    @property
    def address(self) -> str:
        """The e-mail address of whoever it is for."""
        return self.user.email if self.user is not None else self.waits_for

    @property
    def name(self) -> str:
        """The person's name, once they are in."""
        return self.user.name if self.user is not None else ""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a sign-in."""
        return self.user_id is None
