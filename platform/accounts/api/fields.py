"""Fields of the management API: money, and references that reach no further than a person's own teams."""

import re
from typing import Any, cast

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Application, Team, User
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from kernel.money import dollars_to_nanos, plain_usd

MAX_NANOS = 2**63 - 1
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")


@extend_schema_field({"type": "string", "format": "decimal", "example": "250.00"})
class UsdField(serializers.Field[int, Any, str, Any]):
    """Dollars as a decimal string outside, nano-dollars inside. Exact: JSON's numbers are not taken."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            raise serializers.ValidationError(
                'Write dollars as a decimal string, such as "250.00", with at most nine places.'
            )
        nanos = dollars_to_nanos(data)
        if nanos > MAX_NANOS:
            raise serializers.ValidationError(
                "This is more than can be stored: at most nine billion dollars."
            )
        return nanos

    def to_representation(self, value: int) -> str:
        return plain_usd(value)


def signed_in(serializer: Any) -> User:
    """Who makes the request that a serializer or a field works for."""
    return cast(User, serializer.context["request"].user)


class TeamField(serializers.PrimaryKeyRelatedField[Team]):
    """A team the person may see: any other does not exist. It is given once, and never changed."""

    queryset = Team.objects.all()

    def get_queryset(self) -> QuerySet[Team]:
        return teams_with(signed_in(self), Capability.VIEW_USAGE)


class ApplicationField(serializers.PrimaryKeyRelatedField[Application]):
    """An application of a team the person may see: any other does not exist."""

    queryset = Application.objects.all()

    def get_queryset(self) -> QuerySet[Application]:
        return Application.objects.filter(
            team__in=teams_with(signed_in(self), Capability.VIEW_USAGE)
        ).select_related("team")


class FixedTeam:
    """For serializers: the team is given when something is made, and stays."""

    instance: Any

    def validate_team(self, team: Team) -> Team:
        if isinstance(self.instance, Model) and team.pk != cast(Any, self.instance).team_id:
            raise serializers.ValidationError("This can't be changed.")
        return team
