from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, OwnedInline
from accounts.admin.filters import TeamFilter
from accounts.models import Application


class ApplicationInline(OwnedInline):
    """A team's applications, on the team's page."""

    model = Application
    fields = ("name", "description", "is_active")
    show_change_link = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A line is enough for a description in a table."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "description" and field is not None:
            field.widget.attrs["rows"] = 1
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Application)
class ApplicationAdmin(OwnedAdmin):
    """Applications: what calls."""

    empty_hint = "An application is a program that calls models. It belongs to a team, so create that first."
    change_form_outer_after_template = "admin/accounts/application/ask.html"
    fixed_fields = ("team",)
    list_display = ("name", "team", "description", "is_active", "keys_count", "created_at")
    list_display_links = ("name",)
    list_filter = (TeamFilter, "is_active")
    list_select_related = ("team",)
    search_fields = ("name", "team__name")
    fields: ClassVar[tuple[str, ...]] = ("team", "name", "description", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        working = Count("api_keys", filter=Q(api_keys__revoked_at__isnull=True))
        found: QuerySet[Any] = super().get_queryset(request).annotate(keys_count=working)
        return found

    @admin.display(description="Keys in use", ordering="keys_count")
    def keys_count(self, application: Any) -> int:
        return int(application.keys_count)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only an application that has never had a key: the records of calls name their application."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or not obj.api_keys.exists()
