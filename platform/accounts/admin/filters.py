"""Filters by team and application that offer only what the person may see."""

from typing import Any, ClassVar

from django.http import HttpRequest

from accounts.access.principals import principal
from accounts.admin.typed import DropdownFilter
from accounts.models import Application, Team


class TeamFilter(DropdownFilter):
    """By team; `column` leads to it."""

    title = "team"
    parameter_name = "team"
    column: ClassVar[str] = "team_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        teams = Team.objects.visible_to(principal(request))
        return [(str(pk), name) for pk, name in teams.values_list("pk", "name")]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return _filtered(queryset, self.column, self.value())


class TeamOfApplicationFilter(TeamFilter):
    """By the team of the row's application."""

    column = "application__team_id"


class ApplicationFilter(DropdownFilter):
    """By application, of the chosen team where one is chosen."""

    title = "application"
    parameter_name = "application"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Application.objects.visible_to(principal(request))
        team = request.GET.get("team", "")
        if is_id(team):
            found = found.filter(team_id=int(team))
        rows = found.order_by("team__name", "name").values_list("pk", "team__name", "name")
        return [(str(pk), f"{team_name} / {name}") for pk, team_name, name in rows]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return _filtered(queryset, "application_id", self.value())


def is_id(text: str) -> bool:
    """Whether a text of a query can be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _filtered(queryset: Any, column: str, value: str | None) -> Any:
    if not value:
        return queryset
    return queryset.filter(**{column: int(value)}) if is_id(value) else queryset.none()
