from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts.admin.base import OwnedAdmin, OwnedInline
from accounts.admin.filters import TeamFilter
from accounts.admin.set_up import set_up_context
from accounts.admin.typed import action
from accounts.models import Application
from kernel.clock import utc_now


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
    actions_detail = ("set_up",)
    fields: ClassVar[tuple[str, ...]] = ("team", "name", "description", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        working = Count("api_keys", filter=Q(api_keys__revoked_at__isnull=True))
        found: QuerySet[Any] = super().get_queryset(request).annotate(keys_count=working)
        return found

    @action(description="Set up a client", icon="terminal", url_path="set-up")
    def set_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The lines of each client, and the application's keys to have them for."""
        application: Application | None = self.get_object(request, object_id)
        if application is None:
            raise Http404
        working = Q(expires_at=None) | Q(expires_at__gt=utc_now())
        keys = application.api_keys.filter(
            working, revoked_at=None, application__is_internal=False
        ).select_related("application__team")
        return self.render_page(
            request, "accounts/apikey/set_up", title=f"Set up a client for {application}", original=application,
            application=application, keys=keys, may_add=self.may_change(request, application),
            **set_up_context(request, None),
        )  # fmt: skip

    @admin.display(description="Keys in use", ordering="keys_count")
    def keys_count(self, application: Any) -> int:
        return int(application.keys_count)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only an application that has never had a key: the records of calls name their application."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or not obj.api_keys.exists()
