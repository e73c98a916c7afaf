"""Who may see and change which prompts: those of their teams, and those shared by all."""

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.policy.roles import Capability
from accounts.selectors.teams import has_capability, teams_with
from prompts.registry.models import Prompt


def visible_prompts(user: User) -> QuerySet[Prompt]:
    """Prompts of the teams whose usage a person sees, and the shared ones."""
    return Prompt.objects.filter(Q(team__isnull=True) | Q(team__in=teams_with(user, Capability.VIEW_USAGE)))


def may(user: User, capability: Capability, prompt: Prompt) -> bool:
    """Whether a person has a capability for a prompt; for a shared one, superusers."""
    if prompt.team is None:
        return user.is_active and user.is_superuser
    return has_capability(user, prompt.team, capability)
