"""What lists of the management API can be asked by: a parameter for each column, left out or given."""

from typing import Any

from django.db import models
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.fields import Field

from accounts.api.fields import IdField


class _Filters(serializers.Serializer[Any]):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attrs.items() if value is not None}


def filters_by(
    model: type[models.Model], *columns: str, **others: "Field[Any, Any, Any, Any]"
) -> type[serializers.Serializer[Any]]:
    """What reads the query of a list of these rows."""
    fields = {name: _parameter(model._meta.get_field(name)) for name in columns}
    return type(f"{model.__name__}Filters", (_Filters,), fields | others)


def _parameter(column: Any) -> "Field[Any, Any, Any, Any]":
    match column:
        case models.ForeignKey():
            return IdField(required=False)
        case models.UUIDField():
            return serializers.UUIDField(required=False)
        case models.BooleanField():
            return serializers.BooleanField(required=False, allow_null=True, default=None)
    return serializers.ChoiceField(required=False, choices=column.choices)


class FilteredSchema(AutoSchema):
    """The schema names the filters of each list."""

    def get_override_parameters(self) -> list[Any]:
        view: Any = self.view
        filters = getattr(view, "filters", None)
        return [filters] if filters is not None and view.action == "list" else []
