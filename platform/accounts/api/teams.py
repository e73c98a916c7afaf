from rest_framework import mixins, serializers

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.access.principals import may_manage_shared, principal
from accounts.models import Team


class TeamSerializer(OwnedSerializer):
    class Meta:
        model = Team
        fields = (
            "id", "name", "description", "weight", "response_days", "end_user_from", "session_from",
            "loop_action", "loop_repeats", "loop_tokens", "regions", "created_at",
        )  # fmt: skip

    def validate_weight(self, weight: int) -> int:
        if not may_manage_shared(principal(self.context["request"])):
            raise serializers.ValidationError("A team's share against the others' is for superusers to set.")
        return weight


class TeamViewSet(
    OwnedViewSet,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Teams: who pays for calls. Superusers make them, their owners and admins run them."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
