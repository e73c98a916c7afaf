"""The filter of budgets and rate limits by what they are for."""

from typing import Any, ClassVar

from django.http import HttpRequest

from accounts.admin.typed import DropdownFilter


class ScopeFilter(DropdownFilter):
    """By the narrowest thing a limit names: an API key's limit is none of its team's."""

    title = "scope"
    parameter_name = "scope"
    _EMPTY: ClassVar[dict[str, Any]] = {
        "team": None, "application": None, "api_key": None, "feature": "", "end_user": "", "model": "",
    }  # fmt: skip
    _NAMED: ClassVar[dict[str, str]] = {
        "application": "An application", "api_key": "An API key", "feature": "A feature", "end_user": "An end user",
        "model": "A model",
    }  # fmt: skip

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("organisation", "The whole organisation"),
            ("team", "A whole team"),
            *self._NAMED.items(),
            ("each", "Each value by itself"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "organisation":
                return queryset.filter(**_filters(self._EMPTY))
            case "team":
                others = {name: value for name, value in self._EMPTY.items() if name != "team"}
                return queryset.filter(**_filters(others), team__isnull=False)
            case "each":
                return queryset.exclude(per="")
            case "application":
                return queryset.filter(application__isnull=False, api_key__isnull=True)
            case name if name in self._NAMED:
                return queryset.exclude(**_filters({name: self._EMPTY[name]}))
        return queryset


def _filters(values: dict[str, Any]) -> dict[str, Any]:
    return {
        (f"{name}__isnull" if value is None else name): (True if value is None else value)
        for name, value in values.items()
    }
