"""PURE: who may see and change a row, by capability and by whose it is.

A row belongs to a team, or to none. What belongs to no team is changed by superusers; who sees it is declared for each
kind of row. All querysets, forms and views ask this module; none decides for itself.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from accounts.policy.roles import Capability, roles_with


class Shared(StrEnum):
    """Who sees the rows that belong to no team."""

    EVERYONE = "everyone"  # whoever may come in
    SUPERUSERS = "superusers"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person with a role in each of their teams. Whoever is no active person has no rights at all."""

    id: int | None = None
    is_active: bool = False
    is_superuser: bool = False
    roles: Mapping[int, str] = field(default_factory=dict)
    """Role by team's id."""

    def teams(self, capability: Capability) -> Collection[int]:
        """The teams in which this person's role carries a capability."""
        wanted = roles_with(capability)
        return frozenset(team for team, role in self.roles.items() if role in wanted)


NOBODY = Principal()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a right goes: the rows of some teams, with those of no team or without them; or all rows there are."""

    teams: Collection[int] = frozenset()
    shared: bool = False
    everything: bool = False

    def covers(self, team: int | None) -> bool:
        """Whether a row is within reach that belongs to this team; None: to no team."""
        return self.everything or (self.shared if team is None else team in self.teams)

    @property
    def is_empty(self) -> bool:
        """Whether no row can be within reach."""
        return not (self.everything or self.shared or self.teams)


NOTHING, EVERYTHING = Reach(), Reach(everything=True)


def reach_to_see(who: Principal, capability: Capability, shared: Shared) -> Reach:
    """What a person sees who needs the capability for it."""
    if not who.is_active:
        return NOTHING
    if who.is_superuser:
        return EVERYTHING
    return Reach(who.teams(capability), shared=shared is Shared.EVERYONE)


def reach_to_change(who: Principal, capability: Capability) -> Reach:
    """What a person may change who needs the capability for it. What belongs to no team, superusers change."""
    return reach_to_see(who, capability, Shared.SUPERUSERS)


def may_name(owner: int | None, named: int | None) -> bool:
    """Whether a row of one owner may refer to a row of another: to its own team's, and to what belongs to no team."""
    return named is None or named == owner


def first_team(teams: Iterable[int | None]) -> int | None:
    """The team of a row, where several ways may lead to it and at most one does."""
    return next((team for team in teams if team is not None), None)
