from typing import Any

from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.api.fields import signed_in
from prompts.knowledge.models import ContextSource
from prompts.knowledge.services.context_sources import check_source


class ContextSourceSerializer(OwnedSerializer):
    """What templates of a team can draw on besides variables."""

    class Meta:
        model = ContextSource
        fields = (
            "id", "team", "name", "description", "kind", "text", "view", "key_column", "variable", "url", "most_rows",
            "timeout_ms", "cache_seconds", "on_failure", "created_at", "updated_at",
        )  # fmt: skip

    def validate_name(self, name: str) -> str:
        if self.instance is not None and name != self.instance.name:
            raise serializers.ValidationError("Templates read it by this name: it can't be changed.")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_source(self.merged(attrs), by=signed_in(self))
        return attrs


class ContextSourceViewSet(OwnedModelViewSet):
    """Context sources: texts, rows of views, answers over HTTP."""

    queryset = ContextSource.objects.select_related("team")
    serializer_class = ContextSourceSerializer
