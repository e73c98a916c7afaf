"""What the pages of budgets and of rate limits share: both are limits for some calls."""

from typing import Any, ClassVar

from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin
from accounts.admin.typed import display
from governance.limits.models import Scoped

FIXED = "This stays as it was made: what has been counted was counted for this. For anything else, make another one."


class ScopedAdmin(OwnedAdmin):
    """Limits of one's own teams; a superuser's are all, and those of the whole organisation."""

    fixed_fields: ClassVar[tuple[str, ...]] = Scoped.SCOPE
    list_select_related = ("team", "application__team", "api_key")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Once made, what it is for is one line of words, in place of seven fields that can't be changed."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        fixed = {"fields": ("scope_label",), "description": FIXED}
        return [
            (title, fixed if set(Scoped.SCOPE) & set(options["fields"]) else options)
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "scope_label")

    @display(description="For")
    def scope_label(self, limit: Any) -> str:
        text = limit.scope_text
        return f"{text[:1].upper()}{text[1:]}"
