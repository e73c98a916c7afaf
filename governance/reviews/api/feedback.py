from functools import cached_property
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.access.api import OwnedViewSet
from accounts.api.fields import signed_in
from governance.reviews.models import Feedback
from governance.reviews.selectors import content_teams


class FeedbackFilters(serializers.Serializer[Any]):
    """Which feedback to list."""

    call_id = serializers.UUIDField(required=False)
    helpful = serializers.BooleanField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attrs.items() if value is not None}


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    comment = serializers.SerializerMethodField(
        help_text="Redacted. Null for those who may not read what was said in the team's calls."
    )

    class Meta:
        model = Feedback
        fields = (
            "id", "call_id", "team", "helpful", "score", "comment", "end_user", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_comment(self, feedback: Feedback) -> str | None:
        return feedback.comment if feedback.team_id in self._readable else None

    @cached_property
    def _readable(self) -> frozenset[int]:
        """The teams whose content the person may read. One serializer serves all rows of a list."""
        return content_teams(signed_in(self))


@extend_schema_view(list=extend_schema(parameters=[FeedbackFilters]))
class FeedbackViewSet(OwnedViewSet):
    """What end users said of answers. Applications send it to the gateway: POST /v1/feedback."""

    http_method_names = ["get", "head"]
    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer

    filters = FeedbackFilters
