from rest_framework import mixins, serializers

from accounts.access.api import OwnedSerializer, OwnedViewSet
from accounts.access.principals import may_manage_shared, principal
from accounts.models import Team


class TeamSerializer(OwnedSerializer):
    class Meta:
        model = Team
        fields = (
            "id", "name", "description", "weight", "response_days", "end_user_from", "session_from",
            "loop_action", "loop_repeats", "loop_tokens", "regions", "may_leave_aws", "time_zone", "created_at",
        )  # fmt: skip

    def validate_weight(self, weight: int) -> int:
        if not may_manage_shared(principal(self.context["request"])):
            raise serializers.ValidationError("A team's share against the others' is for superusers to set.")
        return weight

    def validate_may_leave_aws(self, may_leave_aws: bool) -> bool:
        if may_leave_aws and not may_manage_shared(principal(self.context["request"])):
            raise serializers.ValidationError(
                "Whether a team's calls may leave AWS is for superusers to say."
            )
        return may_leave_aws


class TeamViewSet(
    OwnedViewSet,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Teams: who pays for calls. Superusers make them, their owners and admins run them."""

    queryset = Team.objects.all()
    serializer_class = TeamSerializer
