from typing import ClassVar

from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied

from accounts.api.base import TeamScoped
from accounts.api.fields import signed_in
from accounts.models import Team


class TeamSerializer(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("id", "name", "description", "weight", "created_at")

    def validate_weight(self, weight: int) -> int:
        if not signed_in(self).is_superuser:
            raise serializers.ValidationError("A team's share against the others' is for superusers to set.")
        return weight


class TeamViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Teams: who pays for calls. Superusers make them, their owners and admins run them."""

    team_lookup: ClassVar[str] = "pk"
    queryset = Team.objects.all()
    serializer_class = TeamSerializer

    def may_create(self) -> bool:
        return self.person.is_superuser

    def before_create(self, values: dict[str, object]) -> None:
        if not self.person.is_superuser:
            raise PermissionDenied
