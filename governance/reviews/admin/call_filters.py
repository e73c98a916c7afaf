"""The filters of the list of calls. Each one leads to an index, and offers only what the person may see."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

from accounts.admin.base import person
from accounts.admin.typed import DropdownFilter, RangeDateFilter
from governance.records.models import CallStatus
from governance.records.selectors.calls import first_id_at, models_called
from governance.reviews.selectors import CHOICES, by_review
from kernel.local_days import day_begins


class ModelFilter(DropdownFilter):
    title = "model"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in models_called()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(model=self.value()) if self.value() else queryset


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    NOT_SUCCEEDED = "not_succeeded"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*CallStatus.choices, (self.NOT_SUCCEEDED, "All but succeeded")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case None | "":
                return queryset
            case self.NOT_SUCCEEDED:
                return queryset.exclude(status=CallStatus.SUCCEEDED)
            case status:
                return queryset.filter(status=status)


class ReviewFilter(DropdownFilter):
    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(CHOICES)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return by_review(queryset, self.value() or "", user=person(request))


class DayFilter(RangeDateFilter):
    """From a day to a day, both included, as bounds of the call's id: ids sort by time."""

    ENDS: ClassVar[dict[str, timedelta]] = {"from": timedelta(), "to": timedelta(days=1)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "day"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        since, until = (self._bound(end) for end in self.ENDS)
        if since is not None:
            queryset = queryset.filter(pk__gte=first_id_at(since))
        if until is not None:
            queryset = queryset.filter(pk__lt=first_id_at(until))
        return queryset

    def _bound(self, end: str) -> datetime | None:
        text = self.used_parameters.get(f"{self.parameter_name}_{end}")
        try:
            day = parse_date(str(text or ""))
        except ValueError:  # such as 2026-02-31
            return None
        if day is None or not 1970 < day.year < 9999:
            return None
        zone = timezone.get_current_timezone()
        return day_begins(day + self.ENDS[end], zone)
