"""What the pages of budgets and of rate limits share: both are limits for some calls."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.base import TeamScopedAdmin, person, team_ids
from accounts.admin.typed import ModelForm, display
from governance.limits.models import Scoped

FIXED = "This stays as it was made: what has been counted was counted for this. For anything else, make another one."


class ScopedForm(ModelForm):
    """A limit of the whole organisation is for superusers to make."""

    may_leave_team_empty: ClassVar[bool] = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        named = any(cleaned.get(name) for name in ("team", "application", "api_key"))
        if self.instance.pk is None and not named and not self.may_leave_team_empty:
            raise ValidationError(
                {"team": "Choose a team: limits of the whole organisation are for superusers."}
            )
        return cleaned


class ScopedAdmin(TeamScopedAdmin):
    """Limits of one's own teams; a superuser's are all, and those of the whole organisation."""

    form = ScopedForm
    fixed_fields: ClassVar[tuple[str, ...]] = Scoped.SCOPE
    choices_by_team: ClassVar[dict[str, str]] = {
        "team": "pk",
        "application": "team",
        "api_key": "application__team",
    }
    list_select_related = ("team", "application__team", "api_key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.select_related(*self.list_select_related)
        if person(request).is_superuser:
            return rows
        return rows.filter(team__in=team_ids(request, self.view_capability))

    def team_id_of(self, obj: Any) -> int:
        return obj.team_id or 0

    def allows(self, request: HttpRequest, capability: Any, obj: Any) -> bool:
        user = person(request)
        if user.is_active and user.is_superuser:
            return True
        return super().allows(request, capability, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.may_leave_team_empty = person(request).is_superuser
        return form

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
