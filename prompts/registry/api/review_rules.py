from typing import Any

from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.models import User
from prompts.registry.models import Part, ReviewRule
from prompts.registry.selectors.reviews import reviewers_of


class ReviewRuleSerializer(OwnedSerializer):
    """Every rule that applies to a version must be met."""

    parts = serializers.ListField(child=serializers.ChoiceField(choices=Part.choices), required=False)
    reviewers = serializers.SlugRelatedField[User](
        slug_field="email", many=True, required=False, queryset=User.objects.filter(is_active=True)
    )

    class Meta:
        model = ReviewRule
        fields = ("id", "team", "name", "approvals", "tag", "parts", "reviewers", "created_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team = self.instance.team if self.instance is not None else attrs["team"]
        if "reviewers" in attrs:
            allowed = set(reviewers_of(team).values_list("pk", flat=True))
            if strange := [user.email for user in attrs["reviewers"] if user.pk not in allowed]:
                raise serializers.ValidationError(
                    {"reviewers": [f"May not approve in this team: {', '.join(strange)}."]}
                )
            approvals = attrs.get("approvals", getattr(self.instance, "approvals", 1))
            if 0 < len(attrs["reviewers"]) < approvals:
                few = f"There are only {len(attrs['reviewers'])} reviewers: the rule could never be met."
                raise serializers.ValidationError({"approvals": [few]})
        return attrs


class ReviewRuleViewSet(OwnedModelViewSet):
    """Who must approve what before a version of a team's prompt is approved."""

    queryset = ReviewRule.objects.select_related("team").prefetch_related("reviewers")
    serializer_class = ReviewRuleSerializer
