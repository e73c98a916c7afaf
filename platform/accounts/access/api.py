"""The rule in the management API: the base of all resources that belong to somebody, their serializers and references."""

from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, cast

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import ValidationError as ModelError
from django.db import transaction
from django.db.models import ForeignKey, Model, QuerySet
from rest_framework import mixins, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.fields import empty
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, as_serializer_error
from rest_framework.viewsets import GenericViewSet

from accounts.access.models import OwnedBy, OwnedQuerySet, foreign_references, owned_by
from accounts.access.policy import Principal
from accounts.access.principals import has_capability, principal_of
from accounts.api.base import read_query
from accounts.api.exceptions import by_field, invalid
from accounts.models import User
from accounts.policy.roles import Capability
from kernel.errors import DomainError
from kernel.stored_json import unkeepable

_WRITES = {
    mixins.CreateModelMixin: "perform_create",
    mixins.UpdateModelMixin: "perform_update",
    mixins.DestroyModelMixin: "perform_destroy",
}
METHODS = ["get", "post", "patch", "delete", "head"]
FIXED = "This can't be changed: make another one."


class OwnedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference to a row that the person sees, with `capability` where one is given: any other does not exist."""

    def __init__(self, *, capability: Capability | None = None, **options: Any) -> None:
        self.capability = capability
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        """DRF's, but for fractions, of which 1.5 would be taken for 1, and 1e400 for a number that no column takes."""
        if isinstance(data, float):
            self.fail("incorrect_type", data_type="float")
        return super().to_internal_value(data)

    def get_queryset(self) -> QuerySet[Any]:
        rows = cast(OwnedQuerySet[Any], super().get_queryset())
        found = rows.visible_to(principal_of(self.context["request"].user), self.capability)
        related = [path for path in owned_by(rows.model).paths if path != "pk"]
        return found.select_related(*related) if related else found


# A comment, because the schema shows what a serializer's docstring says, inherited or not.
# A row that belongs to somebody. Its references reach no further than the person's sight, and whose it is stays.
class OwnedSerializer(serializers.ModelSerializer[Any]):
    serializer_related_field = OwnedField
    fixed_fields: ClassVar[tuple[str, ...]] = ()
    """Fields besides the owner's that are given once."""
    _sent: Any = None
    """What a change says, while it is read."""

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        """That a row is the only one of another is said when it is made, to those who may make it."""
        kind, options = super().build_relational_field(field_name, relation_info)
        options.pop("validators", None)
        return kind, options

    @property
    def _writable_fields(self) -> list[Any]:
        """Of a change the fields that are sent; of a new row all."""
        fields, sent = super()._writable_fields, self._sent
        return [each for each in fields if sent is None or each.get_value(sent) is not empty]

    def _read(self, data: Any) -> Any:
        """The values. A change may leave fields out, and nothing within one: DRF would read half an arm, or half a step."""
        if not self.partial:
            return super().to_internal_value(data)
        self.partial, self._sent = False, data
        try:
            return super().to_internal_value(data)
        finally:
            self.partial, self._sent = True, None

    def _check_stored(self, data: Any) -> None:
        """DRF looks into its own fields of text, and not into documents."""
        sent = data if isinstance(data, dict) else {}
        looked_into = {
            name for name, field in self.fields.items() if isinstance(field, serializers.CharField)
        }
        problems = {name: unkeepable(sent[name]) for name in (sent.keys() & self.fields.keys()) - looked_into}
        if wrong := {name: [f"It holds {problem}."] for name, problem in problems.items() if problem}:
            raise serializers.ValidationError(wrong)

    def to_internal_value(self, data: Any) -> Any:
        self._check_stored(data)
        values = self._read(data)
        if isinstance(self.instance, Model):
            model = cast(type[Model], self.Meta.model)
            for name in {*owned_by(model).heads, *self.fixed_fields} & values.keys():
                if values[name] != getattr(self.instance, name):
                    raise serializers.ValidationError({name: [FIXED]})
        return values

    def merged(self, values: Mapping[str, Any]) -> Any:
        """The row as it would be: a new one, or a copy of the one that is changed."""
        make: Any = self.Meta.model
        row: Any = copy(self.instance) if isinstance(self.instance, Model) else make()
        for name, value in values.items():
            setattr(row, name, value)
        return row

    def run_validation(self, data: Any = empty) -> Any:
        """DRF's, with the models' own rules, and whatever else says that it can't be, answered by field."""
        is_empty, data = self.validate_empty_values(data)
        if is_empty:
            return data
        values = self.to_internal_value(data)
        try:
            self.run_validators(values)
            return self.validate(values)
        except ModelError as error:
            names = {str(field.source): name for name, field in self.fields.items()}
            raise serializers.ValidationError(by_field(error, names)) from error
        except DomainError as error:
            raise serializers.ValidationError(as_serializer_error(invalid(error))) from error
        except serializers.ValidationError as error:
            raise serializers.ValidationError(as_serializer_error(error)) from error


class OwnedViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Any]):
    """Rows that belong to somebody, as their model declares. What a person may not see does not exist for them.

    Whoever writes must be allowed to change the row as it was and as it becomes, and what it refers to must be its own
    team's, or nobody's. A change is put on record in one transaction with it, where the admin does too.

    It comes before DRF's other mixins among the bases, or they would write without asking it.
    """

    http_method_names = METHODS
    lookup_value_regex = "[^/]+"
    capabilities: ClassVar[Mapping[str, Capability]] = {}
    """What actions take, where it is not the capability to change the row."""
    filters: ClassVar[type[serializers.Serializer[Any]] | None] = None
    """What reads the query of a list: a field for each column that it can be filtered by."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for mixin, name in _WRITES.items():
            if issubclass(cls, mixin) and getattr(cls, name) is getattr(mixin, name):
                raise TypeError(f"{cls.__name__}: {mixin.__name__} is a base before {OwnedViewSet.__name__}")

    @property
    def person(self) -> User:
        """Who is signed in."""
        return cast(User, self.request.user)

    @property
    def who(self) -> Principal:
        """Who is signed in, as the rule knows them."""
        return principal_of(self.request.user)

    @property
    def owned_by(self) -> OwnedBy:
        return owned_by(self._model)

    @property
    def _model(self) -> type[Model]:
        found: Any = type(self).queryset
        return cast("type[Model]", found.model)

    def get_queryset(self) -> QuerySet[Any]:
        rows = cast(OwnedQuerySet[Any], super().get_queryset())
        return rows.visible_to(self.who)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of a list that the query's parameters let through. 400 for those that can't be read."""
        rows = super().filter_queryset(queryset)
        if self.filters is None or self.detail:
            return rows
        return self.filtered(rows, read_query(self.filters, self.request))

    def filtered(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        """The rows that have what is wanted."""
        return rows.filter(**wanted)

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        owned = self.owned_by
        if not owned.paths and not owned.reach_to_see(self.who).covers(None):
            raise PermissionDenied
        if request.method not in SAFE_METHODS and not self.detail and not owned.may_create(self.who):
            raise PermissionDenied

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        super().check_object_permissions(request, obj)
        if request.method not in SAFE_METHODS:
            self.require(self.capabilities.get(self.action or "", self.owned_by.change), obj)

    def require(self, capability: Capability, row: Any) -> None:
        """Raises PermissionDenied where the person lacks a capability for a row."""
        team = owned_by(type(row)).team_of(row)
        if not has_capability(self.who, capability, team):
            raise PermissionDenied(owned_by(type(row)).refusal if team is None else None)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        with transaction.atomic():
            self.check_create(serializer.validated_data)
            self.before_create(serializer.validated_data)
            self.record(serializer.save(), ADDITION, "Added through the API.")

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        names = ", ".join(serializer.validated_data)
        with transaction.atomic():
            self._check_becomes(copy(cast(Model, serializer.instance)), serializer.validated_data)
            self.before_update(serializer)
            self.record(serializer.save(), CHANGE, f"Changed through the API: {names}.")

    def perform_destroy(self, instance: Any) -> None:
        with transaction.atomic():
            self.before_destroy(instance)
            self.record(instance, DELETION, "Deleted through the API.")
            self.remove(instance)

    def remove(self, instance: Any) -> None:
        """Deletes a row, with what goes along."""
        instance.delete()

    def before_create(self, values: dict[str, Any]) -> None:
        """Raises what else forbids making this."""

    def before_update(self, serializer: BaseSerializer[Any]) -> None:
        """Raises what else forbids this change."""

    def before_destroy(self, instance: Any) -> None:
        """Raises what else forbids this deletion."""

    def record(self, changed: Model, kind: int, message: str) -> None:
        """Writes who changed what, to be seen on its page of the admin."""
        LogEntry.objects.log_actions(self.person.pk, [changed], kind, message, single_object=True)

    def check_create(self, values: Mapping[str, Any]) -> None:
        """Whether the person may make a row of these values. For actions that make one by themselves."""
        self._check_becomes(self._model(), values)

    def _check_becomes(self, row: Model, values: Mapping[str, Any]) -> None:
        """Whether the person may make a row what it becomes. Raises PermissionDenied, or a ValidationError by field."""
        names = {field.name for field in row._meta.concrete_fields if isinstance(field, ForeignKey)}
        for name in names & values.keys():
            if values[name] is None or isinstance(values[name], Model):
                setattr(row, name, values[name])
        self.require(self.owned_by.change, row)
        if problems := foreign_references(row):
            raise serializers.ValidationError({name: [text] for name, text in problems.items()})


class OwnedModelViewSet(
    OwnedViewSet, mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin
):
    """Such rows, to be made, changed and deleted, too."""
