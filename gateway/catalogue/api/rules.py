from typing import Any

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from gateway.catalogue.models import ModelQuality, RoutingRule


class RoutingRuleSerializer(OwnedSerializer):
    """A rule of routes that choose by score."""

    class Meta:
        model = RoutingRule
        fields = (
            "id", "name", "position", "is_enabled", "asks", "use_cases", "routes", "choose", "quality_bar", "regions",
            "weight_cost", "weight_quality", "weight_latency", "confidence", "created_at",
        )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.merged(attrs).clean()
        return attrs


class RoutingRuleViewSet(OwnedModelViewSet):
    """Routing rules, in the order in which they are asked."""

    queryset = RoutingRule.objects.all()
    serializer_class = RoutingRuleSerializer


class ModelQualitySerializer(OwnedSerializer):
    """How good a model's answers are, from 0 to 1."""

    class Meta:
        model = ModelQuality
        fields = ("id", "model", "scope", "score", "answers", "source", "updated_at")
        read_only_fields = ("answers", "source")


class ModelQualityViewSet(OwnedModelViewSet):
    """Qualities of models: what was measured, and what admins set, which comes before that."""

    queryset = ModelQuality.objects.all()
    serializer_class = ModelQualitySerializer
