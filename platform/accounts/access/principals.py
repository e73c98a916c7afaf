"""Who asks: a principal of a user, or of a request; and the questions that are no query."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from accounts.access.policy import NOBODY, Principal, Shared, reach_to_change, reach_to_see
from accounts.policy.roles import Capability, roles_with
from kernel.replica import is_reading

_KEPT = "_gatehouse_principal"


@dataclass(frozen=True, slots=True)
class _LookedUp(Principal):
    """A person whose roles are looked up where they are asked for: within the very query, if that is one."""

    user: Any = None

    def teams(self, capability: Capability) -> Collection[int]:
        found: Any = self.user.memberships.filter(role__in=roles_with(capability))
        teams = found.values_list("team_id", flat=True)
        # Not within a query that a replica answers: roles there may be some seconds old.
        return list(teams) if is_reading() else cast("Collection[int]", teams)


def principal_of(user: Any) -> Principal:
    """A person's principal. Nobody's for what is no person: anonymous, or holding an API key."""
    if isinstance(user, Principal):
        return user
    if not hasattr(user, "memberships") or user.pk is None or not user.is_active:
        return NOBODY
    return _LookedUp(user.pk, is_active=True, is_superuser=user.is_superuser, user=user)


def principal(request: Any) -> Principal:
    """Who makes a request, for pages that ask again and again: their roles are looked up once for each request."""
    kept: tuple[Any, Principal] | None = request.__dict__.get(_KEPT)
    if kept is None or kept[0] != request.user.pk:
        found = principal_of(request.user)
        if isinstance(found, _LookedUp):
            roles = {} if found.is_superuser else dict(found.user.memberships.values_list("team_id", "role"))
            found = Principal(found.id, is_active=True, is_superuser=found.is_superuser, roles=roles)
        kept = request.__dict__[_KEPT] = (request.user.pk, found)
    return kept[1]


def may_manage_shared(who: Any) -> bool:
    """Whether somebody may change what belongs to no team, and set what holds for all of them: superusers."""
    return reach_to_change(principal_of(who), Capability.MANAGE_TEAM).covers(None)


def sees_everything(who: Any) -> bool:
    """Whether somebody sees the rows of all teams and of none: superusers."""
    return reach_to_see(principal_of(who), Capability.VIEW_USAGE, Shared.SUPERUSERS).everything


def has_capability(who: Any, capability: Capability, team: int | None) -> bool:
    """Whether somebody has a capability in a team, by its id. For what belongs to no team: superusers."""
    return reach_to_change(principal_of(who), capability).covers(team)


def team_ids(who: Any, capability: Capability) -> frozenset[int] | None:
    """The teams in which somebody has a capability. None: all, and what belongs to none."""
    reach = reach_to_change(principal_of(who), capability)
    return None if reach.everything else frozenset(reach.teams)
