from functools import cached_property

from rest_framework import serializers

from accounts.access.api import OwnedViewSet
from accounts.api.fields import signed_in
from accounts.api.filters import filters_by
from governance.reviews.models import Feedback
from governance.reviews.selectors import content_teams


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


class FeedbackViewSet(OwnedViewSet):
    """What end users said of answers. Applications send it to the gateway: POST /v1/feedback."""

    queryset = Feedback.objects.all()
    serializer_class = FeedbackSerializer

    filters = filters_by(Feedback, "call_id", "helpful")
