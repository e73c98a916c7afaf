from copy import copy
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelError
from rest_framework import mixins, serializers

from accounts.api.base import TeamScoped
from accounts.api.fields import FixedTeam, TeamField, signed_in
from accounts.policy.roles import Capability
from prompts.knowledge.models import ContextSource
from prompts.knowledge.services.context_sources import check_source


class ContextSourceSerializer(FixedTeam, serializers.ModelSerializer[ContextSource]):
    """What templates of a team can draw on besides variables."""

    team = TeamField()

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
        source = ContextSource() if self.instance is None else copy(self.instance)
        for name, value in attrs.items():
            setattr(source, name, value)
        try:
            check_source(source, by=signed_in(self))
        except ModelError as error:
            raise serializers.ValidationError(
                error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
            ) from error
        return attrs


class ContextSourceViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Context sources: texts, rows of views, answers over HTTP."""

    view_capability: ClassVar[Capability] = Capability.VIEW_CONTENT
    change_capability: ClassVar[Capability] = Capability.EDIT_PROMPTS
    queryset = ContextSource.objects.select_related("team")
    serializer_class = ContextSourceSerializer
