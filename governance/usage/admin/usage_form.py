"""What the page of usage shows: a range, a grouping, filters, all in its address."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest

from accounts.access.principals import principal, team_ids
from accounts.models import Team
from accounts.policy.roles import Capability
from governance.usage.policy.usage import UnanswerableError, UsageQuery
from governance.usage.selectors.usage import days_before
from kernel.local_days import day_at, day_begins


class UsageForm(forms.Form):
    """The fields above the chart."""

    RANGES: ClassVar[list[tuple[str, str]]] = [
        ("today", "Today"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("month", "This month"),
        ("last_month", "Last month"), ("90d", "Last 90 days"),
    ]  # fmt: skip
    GROUPS: ClassVar[list[tuple[str, str]]] = [
        ("team", "Team"), ("application", "Application"), ("api_key", "API key"), ("feature", "Feature"),
        ("route", "Model"), ("region", "Region"), ("end_user", "End user"), ("prompt", "Prompt"),
    ]  # fmt: skip

    range = forms.ChoiceField(choices=RANGES, required=False, initial="30d")
    group = forms.ChoiceField(choices=GROUPS, required=False, initial="team", label="By")
    team = forms.ChoiceField(required=False)
    feature = forms.CharField(required=False, max_length=200)
    route = forms.CharField(required=False, max_length=200, label="Model")
    end_user = forms.CharField(required=False, max_length=200, label="End user")

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET or None)
        self._teams = team_ids(principal(request), Capability.VIEW_USAGE)
        teams = Team.objects.visible_to(principal(request)).values_list("pk", "name")
        choices = [
            ("", "All teams" if self._teams is None else "All your teams"),
            *((str(pk), name) for pk, name in teams),
        ]
        team: Any = self.fields["team"]
        team.choices = choices

    def value(self, name: str) -> str:
        """What was chosen, or what is chosen unless somebody chooses."""
        cleaned = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return str(cleaned.get(name) or self.fields[name].initial or "")

    def __getattr__(self, name: str) -> str:
        """`chosen_range` and the like, for the template."""
        if not name.startswith("chosen_"):
            raise AttributeError(name)
        return self.value(name.removeprefix("chosen_"))

    def query(self, *, now: datetime, zone: ZoneInfo) -> UsageQuery:
        """What is asked. UnanswerableError where it can't be."""
        if self.is_bound and not self.is_valid():
            raise UnanswerableError("; ".join(f"{name}: {texts[0]}" for name, texts in self.errors.items()))
        since, until = _bounds(self.value("range"), now, zone)
        filters: dict[str, str | int] = {
            name: self.value(name) for name in ("feature", "route", "end_user") if self.value(name)
        }
        if self.value("team"):
            filters["team"] = int(self.value("team"))
        is_short = until - since <= timedelta(days=1, hours=1) and not (
            "end_user" in filters or self.value("group") in ("end_user", "prompt")
        )
        return UsageQuery(
            since=since,
            until=until,
            interval="hour" if is_short else "day",
            group_by=(self.value("group"),),
            teams=self._teams,
            filters=filters,
        )


def _bounds(name: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    tomorrow = days_before(now, -1, zone)
    first = day_at(now, zone).replace(day=1)
    month = day_begins(first, zone)
    match name:
        case "today":
            return days_before(now, 0, zone), tomorrow
        case "7d" | "30d" | "90d":
            return days_before(now, int(name[:-1]) - 1, zone), tomorrow
        case "month":
            return month, tomorrow
        case _:
            return day_begins((first - timedelta(days=1)).replace(day=1), zone), month


def before(query: UsageQuery, zone: ZoneInfo) -> UsageQuery:
    """The same of as many days before."""
    length = day_at(query.until, zone) - day_at(query.since, zone)
    return UsageQuery(
        since=day_begins(day_at(query.since, zone) - length, zone),
        until=query.since,
        group_by=query.group_by,
        teams=query.teams,
        filters=query.filters,
    )
