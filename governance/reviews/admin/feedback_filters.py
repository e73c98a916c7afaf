"""The filters of the list of feedback. What is known of the call only is looked up on its record."""

from typing import Any

from django.http import HttpRequest

from accounts.admin.filters import ApplicationFilter, is_id
from accounts.admin.typed import DropdownFilter
from governance.reviews.admin.call_filters import DayFilter
from governance.reviews.selectors import about, negative, prompts_of

_HELPFUL, _NOT_HELPFUL = "yes", "no"


class HelpfulFilter(DropdownFilter):
    title = "what was said"
    parameter_name = "helpful"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(_HELPFUL, "Helpful, or a score of 0.5 and up"), (_NOT_HELPFUL, "Not helpful, or a lower score")]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in (_HELPFUL, _NOT_HELPFUL):
            return queryset
        return negative(queryset, is_negative=self.value() == _NOT_HELPFUL)


class PromptFilter(DropdownFilter):
    title = "prompt"
    parameter_name = "prompt"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in prompts_of(model_admin.own_rows(request))]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return _about(queryset, "prompt_id", self.value())


class ApplicationOfCallFilter(ApplicationFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return _about(queryset, "application_id", self.value())


class GivenFilter(DayFilter):
    """From a day to a day, both included."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        since, until = (self._bound(end) for end in self.ENDS)
        if since is not None:
            queryset = queryset.filter(created_at__gte=since)
        return queryset if until is None else queryset.filter(created_at__lt=until)


def _about(queryset: Any, column: str, value: str | None) -> Any:
    if not value:
        return queryset
    return about(queryset, **{column: int(value)}) if is_id(value) else queryset.none()
