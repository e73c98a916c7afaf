"""Every place where a request to the management API names a row, as its own schema lists them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from drf_spectacular.generators import SchemaGenerator
from rest_framework.relations import ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer

from tests.accounts.api_resources import API

_ID_NAMES = (
    "_id",
    "_ids",
    "team",
    "teams",
    "application",
    "applications",
    "policy",
    "budget",
    "prompt",
    "base",
    "channel",
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A field of a request's body that names a row: `steps` lead to it, a number being a place in a list."""

    method: str
    path: str
    steps: tuple[str | int, ...]
    model: type[Model]
    by: str = "pk"

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix(API)} {'.'.join(map(str, self.steps))}"


def bodies() -> Iterator[tuple[str, str, Any]]:
    """(method, path, serializer) of every request that has a body."""
    generator = SchemaGenerator()
    generator._initialise_endpoints()
    for path, _, method, view in generator._get_paths_and_endpoints():
        if not path.startswith(API + "/") or method not in ("POST", "PATCH"):
            continue
        view.schema.view, view.schema.path, view.schema.method = view, path, method
        found = view.schema.get_request_serializer()
        for each in found.values() if isinstance(found, dict) else [found]:
            yield method.lower(), path, each() if isinstance(each, type) else each


def references() -> list[Reference]:
    """All fields that name rows by a relation."""
    return [
        Reference(method, path, steps, field.queryset.model, getattr(field, "slug_field", "pk"))
        for method, path, serializer in bodies()
        for steps, field in _fields(serializer)
        if isinstance(field, RelatedField)
    ]


def plain_ids() -> set[tuple[str, str, str]]:
    """Fields that are no relation, but by their names hold ids of rows."""
    return {
        (method, path.removeprefix(API), ".".join(map(str, steps)))
        for method, path, serializer in bodies()
        for steps, field in _fields(serializer)
        if not isinstance(field, RelatedField) and any(str(steps[-1]).endswith(name) for name in _ID_NAMES)
    }


def _fields(
    serializer: Any, steps: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(serializer, ListSerializer):
        yield from _fields(serializer.child, (*steps, 0))
    elif isinstance(serializer, BaseSerializer):
        for name, field in getattr(serializer, "fields", {}).items():
            if field.read_only:
                continue
            if isinstance(field, BaseSerializer):
                yield from _fields(field, (*steps, name))
            elif isinstance(field, ManyRelatedField):
                yield (*steps, name, 0), field.child_relation
            else:
                yield (*steps, name), field
