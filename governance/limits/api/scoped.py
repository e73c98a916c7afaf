"""What the resources of budgets and of rate limits share: both are limits for some calls."""

from copy import copy
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import QuerySet
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.viewsets import GenericViewSet

from accounts.api.base import TeamScoped
from accounts.api.fields import ApplicationField, TeamField, signed_in
from accounts.models import ApiKey, Team
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.limits.models import Scoped


class ApiKeyField(serializers.PrimaryKeyRelatedField[ApiKey]):
    """An API key of a team the person may see: any other does not exist."""

    queryset = ApiKey.objects.all()

    def get_queryset(self) -> QuerySet[ApiKey]:
        teams = teams_with(signed_in(self), Capability.VIEW_USAGE)
        return ApiKey.objects.filter(application__team__in=teams).select_related("application__team")


SCOPE_FIELDS = ("team", "application", "api_key", "feature", "end_user", "model", "per", "scope")


class ScopedSerializer(serializers.ModelSerializer[Any]):
    """What a limit is for is given once. The model's own rules are asked, and answer by field."""

    team = TeamField(allow_null=True, required=False)
    application = ApplicationField(allow_null=True, required=False)
    api_key = ApiKeyField(allow_null=True, required=False)
    scope = serializers.CharField(source="scope_text", read_only=True, help_text="What it is for, in words.")

    FIXED: tuple[str, ...] = Scoped.SCOPE

    def get_validators(self) -> list[Any]:
        return []  # the model has them all

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            for name in self.FIXED:
                if name in attrs and attrs[name] != getattr(self.instance, name):
                    raise serializers.ValidationError({name: ["This can't be changed: make another one."]})
        model: Any = self.Meta.model
        limit = model() if self.instance is None else copy(self.instance)
        for name, value in attrs.items():
            setattr(limit, name, value)
        try:
            limit.complete_scope()
            limit.full_clean()
        except ModelError as error:
            raise serializers.ValidationError(self._by_field(error)) from error
        if self.instance is not None:
            return attrs
        return {**attrs, "team": limit.team, "application": limit.application}

    def _by_field(self, error: ModelError) -> dict[str, list[str]]:
        outside = {field.source: name for name, field in self.fields.items()}
        return {outside.get(name, "non_field_errors"): texts for name, texts in error.message_dict.items()}


class ScopedViewSet(
    TeamScoped,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
):
    """Limits of one's own teams; a superuser's are all, and those of the whole organisation."""

    def get_queryset(self) -> QuerySet[Any]:
        if self.person.is_active and self.person.is_superuser:
            return super(TeamScoped, self).get_queryset()
        return super().get_queryset()

    def check_object_permissions(self, request: Any, obj: Any) -> None:
        if not self.person.is_superuser:
            super().check_object_permissions(request, obj)

    def team_in(self, values: dict[str, Any]) -> Team:
        team = values.get("team")
        if not isinstance(team, Team):
            raise PermissionDenied("Choose a team: limits of the whole organisation are for superusers.")
        return team

    def before_create(self, values: dict[str, Any]) -> None:
        if not self.person.is_superuser:
            super().before_create(values)


def filtered(
    view: GenericViewSet[Any], filters: type[serializers.Serializer[Any]], rows: QuerySet[Any]
) -> QuerySet[Any]:
    """The rows of a list that the query's parameters let through. 400 for those that can't be read."""
    if view.detail:
        return rows
    wanted = filters(data=view.request.query_params)
    wanted.is_valid(raise_exception=True)
    return rows.filter(**wanted.validated_data)
