"""What the pages of budgets and of rate limits share: both are limits for some calls."""

from typing import Any, ClassVar

from django.http import HttpRequest

from accounts.admin.base import OwnedAdmin, principal
from accounts.admin.typed import ChangeList, display
from governance.limits.models import Scoped
from governance.ui.people import attach, named_of

FIXED = "This stays as it was made: what has been counted was counted for this. For anything else, make another one."


class ScopedList(ChangeList):
    """A page of limits with the names of whom they are for."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        attach(principal(request), rows)
        self.result_list = rows


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

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ScopedList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With the name of whom it is for, for those who may know."""
        limit = super().get_object(request, object_id, from_field)
        if limit is not None:
            attach(principal(request), [limit])
        return limit

    @display(description="For")
    def scope_label(self, limit: Any) -> str:
        text = limit.scope_text
        if limit.end_user:
            text = text.replace(
                f"end user {limit.end_user}", f"end user {named_of(limit, limit.end_user)}", 1
            )
        return f"{text[:1].upper()}{text[1:]}"
