"""Rows that belong to somebody: each model says once where its team is, and what it takes to see and to change it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from accounts.access import policy
from accounts.access.policy import Reach, Shared, first_team
from accounts.access.principals import principal_of
from accounts.policy.roles import Capability

Row = TypeVar("Row", bound=models.Model, covariant=True)


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """Whose the rows of a model are, and what it takes to see and to change them.

    `paths` lead to the team: "team", "prompt__team", "pk" for teams themselves; several, where one of them does. None at
    all: every row belongs to no team. `what` names the rows of no team in a sentence.
    """

    paths: tuple[str, ...] = ("team",)
    shared: Shared = Shared.SUPERUSERS
    see: Capability = Capability.VIEW_USAGE
    change: Capability = Capability.MANAGE_TEAM
    what: str = "rows of no team"

    @property
    def heads(self) -> frozenset[str]:
        """The model's own fields that say whose a row is."""
        return frozenset(path.split("__")[0] for path in self.paths) - {"pk"}

    @property
    def refusal(self) -> str:
        """What those are told who may not make or change a row of no team."""
        choose = "Choose a team: " if "team" in self.heads else ""
        text = f"{choose}{self.what} are for superusers."
        return f"{text[:1].upper()}{text[1:]}"

    @property
    def is_team(self) -> bool:
        """Whether the rows are the teams themselves."""
        return self.paths == ("pk",)

    def reach_to_see(self, who: Any, capability: Capability | None = None) -> Reach:
        """What somebody sees of these rows, with the capability that it takes, or with another one."""
        return policy.reach_to_see(principal_of(who), capability or self.see, self.shared)

    def reach_to_change(self, who: Any, capability: Capability | None = None) -> Reach:
        """What somebody may change of these rows."""
        return policy.reach_to_change(principal_of(who), capability or self.change)

    def may_create(self, who: Any) -> bool:
        """Whether somebody may make one at all; in which team is looked at when that is known."""
        reach = self.reach_to_change(who)
        return reach.covers(None) if self.is_team or not self.paths else not reach.is_empty

    def team_of(self, row: models.Model) -> int | None:
        """The id of the team a row belongs to; None: to none."""
        return first_team(self._teams(row))

    def _teams(self, row: models.Model) -> Iterator[int | None]:
        for path in self.paths:
            *names, last = path.split("__")
            found: Any = row
            for name in names:
                found = getattr(found, name, None)  # a relation that is not set yet has no attribute
            if found is not None:
                yield found.pk if last == "pk" else getattr(found, f"{last}_id")

    def within(self, reach: Reach) -> Q:
        """The condition of the rows that are within reach."""
        if reach.everything or not self.paths:
            return Q() if reach.covers(None) else Q(pk__in=())
        condition = Q()
        for path in self.paths:
            condition |= Q(**{f"{path}__in": reach.teams})
        if reach.shared and not self.is_team:
            condition |= Q(**{f"{path}__isnull": True for path in self.paths})
        return condition


class OwnedQuerySet(QuerySet[Row]):
    """Rows, cut down to what somebody may see or change."""

    def visible_to(self, who: Any, capability: Capability | None = None) -> Self:
        """The rows that a user, or a principal, sees; with another capability than the model's, where one is given."""
        owned = owned_by(self.model)
        return self.filter(owned.within(owned.reach_to_see(who, capability)))

    def changeable_by(self, who: Any, capability: Capability | None = None) -> Self:
        """The rows that a user, or a principal, may change."""
        owned = owned_by(self.model)
        return self.filter(owned.within(owned.reach_to_change(who, capability)))


class Owned(models.Model):
    """A model whose rows belong to a team or to none, as `owned_by` says."""

    owned_by: ClassVar[OwnedBy]
    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def owner_id(self) -> int | None:
        """The id of the team it belongs to; None: to none."""
        return self.owned_by.team_of(self)


def owned_by(model: type[models.Model]) -> OwnedBy:
    """What a model declares. TypeError for one that declares nothing: then nobody may come near it."""
    found = getattr(model, "owned_by", None)
    if not isinstance(found, OwnedBy):
        raise TypeError(f"{model.__name__} says nothing of whose its rows are: declare `owned_by`.")
    return found


def is_owned(model: Any) -> bool:
    """Whether a model says whose its rows are."""
    return isinstance(getattr(model, "owned_by", None), OwnedBy)


def foreign_references(row: models.Model) -> dict[str, str]:
    """What a row refers to that is neither its own team's nor nobody's, as errors by field."""
    owned = owned_by(type(row))
    owner, found = owned.team_of(row), {}
    for field in row._meta.concrete_fields:
        if (
            not isinstance(field, models.ForeignKey)
            or not is_owned(field.related_model)
            or field.name in owned.heads
        ):
            continue
        named = getattr(row, field.name) if getattr(row, field.attname) is not None else None
        if named is not None and not policy.may_name(owner, owned_by(type(named)).team_of(named)):
            found[field.name] = f"This {field.verbose_name} belongs to another team."
    return found
