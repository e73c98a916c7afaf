from copy import copy
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, OwnedForm, person
from accounts.admin.filters import TeamFilter
from accounts.models import User
from prompts.knowledge.models import ContextSource
from prompts.knowledge.services.context_sources import check_source


class ContextSourceForm(OwnedForm):
    """The whole source is checked before it is kept."""

    user: ClassVar[User]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        source = copy(self.instance)
        for name, value in cleaned.items():
            setattr(source, name, value)
        check_source(source, by=self.user)
        return cleaned


@admin.register(ContextSource)
class ContextSourceAdmin(OwnedAdmin):
    """What templates can draw on besides variables."""

    form = ContextSourceForm
    fixed_fields = ("team", "name")
    list_display = ("name", "team", "kind", "description", "updated_at")
    list_filter = (TeamFilter, "kind")
    list_select_related = ("team",)
    search_fields = ("name", "description", "team__name")
    empty_hint = "House rules, a role, facts of your field, examples: keep them here once, and name them in the prompts that need them."
    fieldsets = (
        (None, {"fields": (("team", "name"), ("kind", "description"))}),
        ("A text kept here", {"fields": ("text",)}),
        ("Rows of a read-only view", {"classes": ("collapse",), "fields": (("view", "key_column"), "most_rows")}),
        ("An answer over HTTP", {"classes": ("collapse",), "fields": ("url",)}),
        ("Fetching", {"classes": ("collapse",), "fields": ("variable", ("timeout_ms", "cache_seconds"), "on_failure")}),
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user = person(request)
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "text":
            field.widget.attrs["rows"] = 10
        return field
