from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.filters import filters_by
from gateway.catalogue.models import CacheRule, Route
from gateway.catalogue.selectors import embedding_routes


class CacheRuleSerializer(OwnedSerializer):
    """Which answers may be kept and given again."""

    class Meta:
        model = CacheRule
        fields = (
            "id", "name", "is_enabled", "team", "route", "prompt", "exact", "seconds", "max_temperature", "with_tools", "semantic",
            "min_similarity", "error_bound", "check_share", "embedder", "semantic_ms", "max_characters", "slots", "slot_seconds",
            "stale_seconds", "retrieval", "counts_requests", "max_entries", "created_at",
        )  # fmt: skip

    def validate_embedder(self, route: Route | None) -> Route | None:
        """Another model makes no vectors."""
        if route is not None and not embedding_routes().filter(pk=route.pk).exists():
            raise serializers.ValidationError(
                f"{route.name} makes no vectors: name a route of an embedding model."
            )
        return route


class CacheRuleViewSet(OwnedModelViewSet):
    """Cache rules. Of several that fit a call the most specific one holds: a prompt's before a route's before a team's."""

    queryset = CacheRule.objects.all()
    serializer_class = CacheRuleSerializer
    filters = filters_by(CacheRule, "team", "route", "prompt", "is_enabled")
