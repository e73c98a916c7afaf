"""Which teams a person may see, and what they may do there."""

from django.db.models import QuerySet

from accounts.models import Team, User
from accounts.policy.roles import Capability, roles_with


def teams_with(user: User, capability: Capability) -> QuerySet[Team]:
    """The teams in which a person has a capability; all of them for a superuser."""
    if not user.is_active:
        return Team.objects.none()
    if user.is_superuser:
        return Team.objects.all()
    return Team.objects.filter(
        pk__in=user.memberships.filter(role__in=roles_with(capability)).values("team_id")
    )


def has_capability(user: User, team: Team, capability: Capability) -> bool:
    """Whether a person has a capability in a team."""
    return teams_with(user, capability).filter(pk=team.pk).exists()
