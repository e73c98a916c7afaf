"""What the resources of budgets and of rate limits share: both are limits for some calls. And filters of lists."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import mixins, serializers
from rest_framework.viewsets import GenericViewSet

from accounts.access.api import OwnedSerializer, OwnedViewSet
from governance.limits.models import Scoped

SCOPE_FIELDS = ("team", "application", "api_key", "feature", "end_user", "model", "per", "scope")


class ScopedSerializer(OwnedSerializer):
    """What a limit is for is given once. The model's own rules are asked, and answer by field."""

    scope = serializers.CharField(source="scope_text", read_only=True, help_text="What it is for, in words.")

    fixed_fields: ClassVar[tuple[str, ...]] = Scoped.SCOPE

    def get_validators(self) -> list[Any]:
        return []  # the model has them all

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        limit = self.merged(attrs)
        limit.complete_scope()
        limit.full_clean()
        if self.instance is not None:
            return attrs
        return {**attrs, "team": limit.team, "application": limit.application}


class ScopedViewSet(
    OwnedViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Limits of one's own teams; a superuser's are all, and those of the whole organisation."""


def filtered(
    view: GenericViewSet[Any], filters: type[serializers.Serializer[Any]], rows: QuerySet[Any]
) -> QuerySet[Any]:
    """The rows of a list that the query's parameters let through. 400 for those that can't be read."""
    if view.detail:
        return rows
    wanted = filters(data=view.request.query_params)
    wanted.is_valid(raise_exception=True)
    return rows.filter(**wanted.validated_data)
