from typing import ClassVar

from rest_framework import mixins, serializers

from accounts.api.base import TeamScoped
from accounts.api.fields import FixedTeam, TeamField
from accounts.models import Application
from accounts.policy.roles import Capability


class ApplicationSerializer(FixedTeam, serializers.ModelSerializer[Application]):
    team = TeamField()

    class Meta:
        model = Application
        fields = ("id", "team", "name", "description", "is_active", "created_at")


class ApplicationViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Applications: what calls. An inactive application's keys are refused."""

    change_capability: ClassVar[Capability] = Capability.MANAGE_KEYS
    queryset = Application.objects.select_related("team")
    serializer_class = ApplicationSerializer
