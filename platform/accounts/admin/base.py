"""What all admin pages are built from: unfold's classes, typed, and object permissions by team."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

from django.contrib.admin.utils import NestedObjects
from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS
from django.db.models import ForeignKey, Model, QuerySet, TextField
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.admin.typed import ModelAdmin, TabularInline
from accounts.models import Team, User
from accounts.policy.roles import Capability, roles_with

__all__ = [
    "ActiveOnly",
    "SeenOnly",
    "TeamScopedAdmin",
    "TeamScopedInline",
    "person",
    "team_ids",
    "without_store",
]


def person(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


def team_ids(request: HttpRequest, capability: Capability) -> frozenset[int]:
    """The teams in which the person has a capability. All of a person's roles are looked up once a request."""
    user = person(request)
    if not user.is_active:
        return frozenset()
    if user.is_superuser:
        if "_gatehouse_all_teams" not in request.__dict__:
            request.__dict__["_gatehouse_all_teams"] = frozenset(Team.objects.values_list("pk", flat=True))
        every: frozenset[int] = request.__dict__["_gatehouse_all_teams"]
        return every
    if "_gatehouse_roles" not in request.__dict__:
        request.__dict__["_gatehouse_roles"] = list(user.memberships.values_list("team_id", "role"))
    roles: list[tuple[int, str]] = request.__dict__["_gatehouse_roles"]
    return frozenset(team for team, role in roles if role in roles_with(capability))


class ActiveOnly(ModelAdmin):
    """Any active person may come in; what they see and do there follows from the methods below."""

    list_per_page = 50
    empty_hint: ClassVar[str] = ""
    """What to do where there is nothing yet."""
    empty_template: ClassVar[str] = ""
    """A template with more of that, such as a line to copy."""
    labels: ClassVar[dict[str, str]] = {}
    """Names of fields in forms, where the model's own are not plain enough."""
    goes_along: ClassVar[bool] = False
    """Whether rows are deleted with what they are about, by whoever may delete that, and never by themselves."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, TextField | ArrayField):
            field.widget.attrs["rows"] = 2
        if field is not None and db_field.name in self.labels:
            field.label = self.labels[db_field.name]
        return field

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def pages_of_one(self, argument: str, **views: Callable[..., HttpResponse]) -> list[URLPattern]:
        """Pages besides the form of one object, each under its name at `<id>/<name>/`; `argument` takes the id."""
        of = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(f"<int:{argument}>/{name}/", self.admin_site.admin_view(view), name=f"{of}_{name}")
            for name, view in ((name.replace("_", "-"), view) for name, view in views.items())
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No deleting by the dozen: each page says what deleting would do."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with it: what has a page of its own by name, the rest (a budget has thousands of counters) by number."""
        collector = NestedObjects(using=DEFAULT_DB_ALIAS)
        collector.collect(list(objs))
        named: list[str] = []
        numbers: Counter[str] = Counter()
        forbidden: set[str] = set()
        found: dict[type[Model], set[Any]] = cast(Any, collector).model_objs
        for model, rows in found.items():
            numbers[str(model._meta.verbose_name_plural)] += len(rows)
            page: Any = self.admin_site._registry.get(model)
            if page is None or getattr(page, "goes_along", False):
                continue
            name = str(model._meta.verbose_name)
            named += [f"{name[:1].upper()}{name[1:]}: {row}" for row in sorted(rows, key=lambda row: row.pk)]
            if not all(page.has_delete_permission(request, row) for row in rows):
                forbidden.add(name)
        return named, dict(numbers), forbidden, [str(row) for row in collector.protected]


class SeenOnly:
    """Before the other class of a page: nobody adds, changes or deletes anything on it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TeamScopedAdmin(ActiveOnly):
    """Objects that belong to a team: a person sees, and changes, those of their own teams, a superuser all.

    `team_lookup` leads from the model to its team. What a page lists, what its URLs open, what its forms offer and
    accept, and what autocompletion finds are all cut down the same way.
    """

    team_lookup: ClassVar[str] = "team"
    view_capability: ClassVar[Capability] = Capability.VIEW_USAGE
    change_capability: ClassVar[Capability] = Capability.MANAGE_TEAM
    choices_by_team: ClassVar[dict[str, str]] = {"team": "pk"}
    """Foreign keys whose choices are cut down, and the way from the choice to its team."""
    fixed_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that can be set when an object is made and never again."""

    def team_id_of(self, obj: Any) -> int:
        """The team an object belongs to."""
        found: Any = obj
        for name in self.team_lookup.split("__"):
            found = getattr(found, name)
        return int(found.pk if isinstance(found, Model) else found)

    def allows(self, request: HttpRequest, capability: Capability, obj: Any) -> bool:
        """Whether the person has a capability in the object's team; in any team, when there is no object."""
        ids = team_ids(request, capability)
        return bool(ids) if obj is None else self.team_id_of(obj) in ids

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        ids = team_ids(request, self.view_capability)
        return super().get_queryset(request).filter(**{f"{self.team_lookup}__in": ids})

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_view_permission(request, obj):
            return False
        return obj is None or self.allows(request, self.view_capability, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, self.change_capability, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, self.change_capability, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, self.change_capability, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if obj is None else (*fields, *self.fixed_fields)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        if db_field.name in self.choices_by_team:
            lookup = f"{self.choices_by_team[db_field.name]}__in"
            manager = db_field.remote_field.model._default_manager
            kwargs["queryset"] = manager.filter(**{lookup: team_ids(request, self.change_capability)})
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class TeamScopedInline(TabularInline):
    """Rows on the page of a team. The parent's page has checked that the team may be seen."""

    extra = 0
    hide_title = True
    change_capability: ClassVar[Capability] = Capability.MANAGE_TEAM

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and obj.pk in team_ids(request, self.change_capability)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)


def without_store(response: HttpResponse) -> HttpResponse:
    """A response that no cache keeps."""
    response["Cache-Control"] = "no-store"
    return response
