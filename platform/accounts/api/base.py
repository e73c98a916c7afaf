"""What all views of the management API are built from: object permissions by team, and changes put on record."""

from typing import Any, ClassVar, cast

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from rest_framework import mixins, status
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from accounts.models import Team, User
from accounts.policy.roles import Capability
from accounts.selectors.teams import has_capability, teams_with

_WRITES = {
    mixins.CreateModelMixin: "perform_create",
    mixins.UpdateModelMixin: "perform_update",
    mixins.DestroyModelMixin: "perform_destroy",
}
METHODS = ["get", "post", "patch", "delete", "head"]


class Conflict(APIException):
    """What is asked does not go with how things are."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This conflicts with what is there already."
    default_code = "conflict"


class ManagedViewSet(GenericViewSet[Any]):
    """A resource whose changes are put on record, in one transaction with the change, where the admin does too.

    It comes before DRF's mixins among the bases, or they would write without asking it.
    """

    http_method_names = METHODS
    lookup_value_regex = "[^/]+"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for mixin, name in _WRITES.items():
            if issubclass(cls, mixin) and getattr(cls, name) is getattr(mixin, name):
                raise TypeError(
                    f"{cls.__name__}: {mixin.__name__} is a base before {ManagedViewSet.__name__}"
                )

    @property
    def person(self) -> User:
        """Who is signed in."""
        return cast(User, self.request.user)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        with transaction.atomic():
            self.before_create(serializer.validated_data)
            self.record(serializer.save(), ADDITION, "Added through the API.")

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        names = ", ".join(serializer.validated_data)
        with transaction.atomic():
            self.before_update(serializer)
            self.record(serializer.save(), CHANGE, f"Changed through the API: {names}.")

    def perform_destroy(self, instance: Any) -> None:
        with transaction.atomic():
            self.before_destroy(instance)
            self.record(instance, DELETION, "Deleted through the API.")
            instance.delete()

    def before_create(self, values: dict[str, Any]) -> None:
        """Raises what forbids making this."""

    def before_update(self, serializer: BaseSerializer[Any]) -> None:
        """Raises what forbids this change."""

    def before_destroy(self, instance: Any) -> None:
        """Raises what forbids this deletion."""

    def record(self, changed: Model, kind: int, message: str) -> None:
        """Writes who changed what, to be seen on its page of the admin."""
        LogEntry.objects.log_actions(self.person.pk, [changed], kind, message, single_object=True)

    def handle_exception(self, exc: Exception) -> Response:
        """Two people who do the same at once: one of them is told."""
        return super().handle_exception(Conflict() if isinstance(exc, IntegrityError) else exc)


class TeamScoped(ManagedViewSet):
    """Objects that belong to a team. Those of other teams than a person's own do not exist for that person.

    `team_lookup` leads from the model to its team. Writing takes `change_capability` in the object's team.
    """

    team_lookup: ClassVar[str] = "team"
    view_capability: ClassVar[Capability] = Capability.VIEW_USAGE
    change_capability: ClassVar[Capability] = Capability.MANAGE_TEAM

    def get_queryset(self) -> QuerySet[Any]:
        teams = teams_with(self.person, self.view_capability)
        return super().get_queryset().filter(**{f"{self.team_lookup}__in": teams})

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if request.method not in SAFE_METHODS and not self.detail and not self.may_create():
            raise PermissionDenied

    def may_create(self) -> bool:
        """Whether the person may make one at all; in which team is checked when the body is known."""
        return teams_with(self.person, self.change_capability).exists()

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        super().check_object_permissions(request, obj)
        if request.method not in SAFE_METHODS:
            self.require(self.change_capability, self.team_of(obj))

    def before_create(self, values: dict[str, Any]) -> None:
        self.require(self.change_capability, self.team_in(values))

    def require(self, capability: Capability, team: Team) -> None:
        """Raises PermissionDenied when the person lacks the capability in the team."""
        if not has_capability(self.person, team, capability):
            raise PermissionDenied

    def team_of(self, obj: Any) -> Team:
        """The team an object belongs to."""
        found: Any = obj
        for name in self.team_lookup.split("__"):
            found = found if name == "pk" else getattr(found, name)
        return cast(Team, found)

    def team_in(self, values: dict[str, Any]) -> Team:
        """The team that the values of a new object name."""
        return cast(Team, values["team"])


def without_store(response: Response) -> Response:
    """A response that no cache keeps."""
    response["Cache-Control"] = "no-store"
    return response
