"""The page of usage: what was called, what it cost, where it goes; and the same as CSV and JSON."""

import csv
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.admin.base import BaseAdmin, SeenOnly, principal, without_store
from governance.limits.models import Budget
from governance.limits.selectors.budgets import budget_states
from governance.limits.selectors.subjects import names_of
from governance.ui.people import known_names, named
from governance.ui.savings import savings_of
from governance.usage.admin.chart import COLOURS, chart_of
from governance.usage.admin.usage_chart import course_of
from governance.usage.admin.usage_form import UsageForm, before
from governance.usage.models import Tip, UsageDay
from governance.usage.policy.usage import Sums, UnanswerableError, UsageQuery
from governance.usage.policy.usage_limits import MAX_END_USERS, MAX_FEATURES
from governance.usage.selectors.burn_down import burn_down
from governance.usage.selectors.rows import figures, row_data
from governance.usage.selectors.usage import MAX_EXPORTED, MAX_ROWS, UsageRow, usage_rows
from governance.usage.selectors.usage import total as total_of
from kernel.clock import utc_now
from kernel.local_days import day_at
from kernel.money import format_usd
from kernel.replica import may_be_stale
from kernel.spreadsheets import safe_cell

GROUPS_SHOWN = 50
MANY = 500
MOVERS_SHOWN = 5
BUDGETS_SHOWN = 4
TIPS_SHOWN = 10
OTHERS = "All others"


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One group of the table."""

    name: str
    sums: Sums
    cost: str
    tokens: str
    share: float
    change: str
    change_nanos: int


@admin.register(UsageDay)
class UsageAdmin(SeenOnly, BaseAdmin):
    """One page, no objects."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)

    @may_be_stale
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        form, zone, now = UsageForm(request), ZoneInfo(settings.TIME_ZONE), utc_now()
        context = {
            "title": "Usage",
            "form": form,
            "most_features": MAX_FEATURES,
            "most_end_users": MAX_END_USERS,
        }
        try:
            query = form.query(now=now, zone=zone)
        except UnanswerableError as error:
            return self._render(request, {**context, "problem": str(error)})
        if (wanted := request.GET.get("format")) in ("csv", "json"):
            return export(query, usage_rows(query, zone=zone, at_most=MAX_EXPORTED), wanted)
        return self._render(request, {**context, **self._found(request, query, now=now, zone=zone)})

    def _found(
        self, request: HttpRequest, query: UsageQuery, *, now: datetime, zone: ZoneInfo
    ) -> dict[str, Any]:
        sums = _by_key(replace(query, interval="none"), zone)
        past = before(query, zone)
        if len(sums) > MANY:  # those that were, and are no more, are not worth reading all for
            dearest = tuple(key for key, _ in list(sums.items())[:GROUPS_SHOWN])
            earlier = _by_key(replace(past, filters={query.group_by[0]: dearest, **query.filters}), zone)
        else:
            earlier = _by_key(past, zone)
        total = total_of(replace(query, interval="none", group_by=()), zone=zone)
        was = total_of(replace(past, group_by=()), zone=zone)
        ordered = sorted(sums, key=lambda key: (sums[key].cost_nanos, sums[key].calls), reverse=True)
        names = names_of(
            query.group_by[0], [*ordered[: GROUPS_SHOWN * 4], *list(earlier)[: GROUPS_SHOWN * 4]]
        )
        if query.group_by[0] == "end_user":
            names = _with_people(request, query, names)
        lines = [
            _line(names.get(key, str(key)), sums[key], earlier.get(key), total)
            for key in ordered[:GROUPS_SHOWN]
        ]
        gone = [
            _line(names[key], Sums(), earlier[key], total)
            for key in earlier
            if key not in sums and key in names
        ]
        movers = sorted([*lines, *gone], key=lambda line: abs(line.change_nanos), reverse=True)[:MOVERS_SHOWN]
        return {
            "query": query,
            "cards": [*_cards(total, was), *saving_cards(request, query)],
            "chart": _chart(query, names, ordered, zone=zone) if total.cost_nanos else None,
            "lines": lines,
            "more": max(0, len(ordered) - GROUPS_SHOWN),
            "is_cut": len(ordered) >= MAX_ROWS,
            "movers": [line for line in movers if line.change_nanos],
            "budgets": _budgets(request, now),
            "tips": [(tip, format_usd(tip.saving_nanos) if tip.saving_nanos else "") for tip in _tips(query)],
            "has_calls": bool(sums),
            "address": _address(request),
        }

    def _render(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return without_store(self.render_page(request, "governance/usage/usage", **context))


def _with_people(request: HttpRequest, query: UsageQuery, names: dict[Any, str]) -> dict[Any, str]:
    """Names of tags with whom they stand for: of the one team that is asked for, else of whichever team's placeholder it is."""
    teams = query.filters.get("team", ())
    team = teams[0] if len(teams) == 1 else None
    people = known_names(principal(request), ((team, tag) for tag in names if tag))
    return {tag: named(name, people.get((team, tag))) for tag, name in names.items()}


def _address(request: HttpRequest) -> str:
    """What was asked, for the links that take it away in another format."""
    asked = request.GET.copy()
    asked.pop("format", None)
    return asked.urlencode()


def _line(name: str, sums: Sums, was: Sums | None, total: Sums) -> UsageLine:
    change = sums.cost_nanos - (was.cost_nanos if was else 0)
    if was is None or not was.cost_nanos:
        words = "new" if sums.cost_nanos else ""
    else:
        words = f"{change * 100 / was.cost_nanos:+.0f} %"
    return UsageLine(
        name=name,
        sums=sums,
        cost=format_usd(sums.cost_nanos),
        tokens=f"{sums.prompt_tokens:,} / {sums.output_tokens:,}",
        share=round(sums.cost_nanos * 100 / total.cost_nanos, 1) if total.cost_nanos else 0.0,
        change=words,
        change_nanos=change,
    )


def _cards(total: Sums, was: Sums) -> list[dict[str, str]]:
    wasted = total.failed_cost_nanos + total.cancelled_cost_nanos
    mean = format_usd(total.cost_nanos // total.calls) if total.calls else "-"
    return [
        {"title": "Cost", "value": format_usd(total.cost_nanos), "note": f"{format_usd(was.cost_nanos)} in the period before"},
        {"title": "Calls", "value": f"{total.calls:,}", "note": f"{was.calls:,} in the period before"},
        {"title": "Cost of a call", "value": mean, "note": f"{total.mean_ms / 1000:.1f} s on average"},
        {
            "title": "Tokens in / out", "value": f"{_short(total.prompt_tokens)} / {_short(total.output_tokens)}",
            "note": f"{_short(total.cache_read_tokens)} read from the prompt cache",
        },
        {
            "title": "Failed and cancelled", "value": format_usd(wasted),
            "note": f"{total.failed:,} failed, {total.cancelled:,} cancelled, {total.refused:,} refused",
        },
    ]  # fmt: skip


def saving_cards(request: HttpRequest, query: UsageQuery) -> list[dict[str, str]]:
    """What was saved besides, where all of a team's calls, or of all teams, are looked at."""
    if query.filters.keys() - {"team"}:
        return []
    found = savings_of(
        principal(request), since=query.since, until=query.until, team=query.filters.get("team")
    )
    return [
        {"title": each.title, "value": format_usd(each.nanos), "note": each.note, "url": each.url}
        for each in found
    ]


def _short(number: int) -> str:
    for size, unit in ((10**9, "bn"), (10**6, "m"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def _by_key(query: UsageQuery, zone: ZoneInfo) -> dict[Any, Sums]:
    return {row.key[0]: row.sums for row in usage_rows(query, zone=zone)}


def _chart(query: UsageQuery, names: dict[Any, str], ordered: list[Any], *, zone: ZoneInfo) -> Any:
    """The chart of the home page, over the days or hours of this range: the dearest groups, and the rest together."""
    moments = _columns(query, zone)
    shown = ordered[: COLOURS - 1] if len(ordered) > COLOURS else ordered
    (group,) = query.group_by
    parts = usage_rows(replace(query, filters={group: tuple(shown), **query.filters}), zone=zone)
    by_key: dict[Any, dict[Any, int]] = {key: {} for key in shown}
    for row in parts:
        if row.key[0] in by_key:
            by_key[row.key[0]][_column(query, row)] = row.sums.cost_nanos
    costs = [(names[key], by_key[key]) for key in shown if any(by_key[key].values())]
    if len(shown) < len(ordered):
        of_all = {
            _column(query, row): row.sums.cost_nanos
            for row in usage_rows(replace(query, group_by=()), zone=zone)
        }
        rest = {
            at: cost - sum(of_key.get(at, 0) for of_key in by_key.values()) for at, cost in of_all.items()
        }
        costs += [(OTHERS, rest)] if any(rest.values()) else []
    return chart_of(moments, costs, others=OTHERS)


def _columns(query: UsageQuery, zone: ZoneInfo) -> list[Any]:
    """The days or hours of the range, as the rows of its usage name them: an hour that comes twice is one."""
    if query.interval != "hour":
        first, end = day_at(query.since, zone), day_at(query.until, zone)
        return [first + timedelta(days=number) for number in range((end - first).days)]
    begins, ends = query.since.astimezone(UTC), query.until.astimezone(UTC)
    hours = ceil((ends - begins) / timedelta(hours=1))
    moments = ((begins + timedelta(hours=number)).astimezone(zone) for number in range(hours))
    return list(dict.fromkeys(moment.replace(minute=0, fold=0) for moment in moments))


def _column(query: UsageQuery, row: UsageRow) -> Any:
    assert row.starts_at is not None
    return row.starts_at if query.interval == "hour" else row.starts_at.date()


def _tips(query: UsageQuery) -> Any:
    rows = Tip.objects.all() if query.teams is None else Tip.objects.filter(team__in=query.teams)
    if "team" in query.filters:
        rows = rows.filter(team=int(query.filters["team"]))
    return rows[:TIPS_SHOWN]


def _budgets(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    states = budget_states(Budget.objects.visible_to(principal(request)).exclude(team=None), now=now)
    found = []
    for state in states:
        course = burn_down(state, now=now)
        if course is not None:
            found.append({"budget": state.budget, "course": course_of(course)})
        if len(found) == BUDGETS_SHOWN:
            break
    return found


def export(query: UsageQuery, rows: list[UsageRow], wanted: str) -> HttpResponse:
    """The rows as the API gives them, to take away."""
    name = f"usage-{query.since:%Y-%m-%d}-{query.until - timedelta(seconds=1):%Y-%m-%d}"
    data = [row_data(query, row) for row in rows]
    if wanted == "json":
        response: HttpResponse = JsonResponse({"rows": data})
    else:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        columns = ["starts_at", *query.group_by, *figures(Sums())]
        writer = csv.DictWriter(response, columns)
        writer.writeheader()
        writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in data)
    response["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    return without_store(response)
