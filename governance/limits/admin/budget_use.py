"""What a budget's page says about its use, beside the form."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.access.principals import principal, sees_everything
from governance.limits.models import Budget, Dimension, Grant
from governance.limits.policy.windows import is_endless
from governance.limits.selectors.budgets import BudgetState, current_state
from governance.limits.selectors.counters import current_counters, grants_of, periods_before
from governance.limits.selectors.limit_requests import until_text
from governance.limits.selectors.subjects import PEOPLE, subject_names
from governance.ui.bars import bar_of
from governance.ui.people import known_names, named
from kernel.money import format_usd


def use_of(budget: Budget, *, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """For the template: this period's counters, the periods before, what is granted, and where the calls are."""
    number = request.GET.get("page", "1")
    page = current_counters(budget, now=now, page=int(number[:6]) if number.isdecimal() else 1)
    grants = grants_of(budget, now=now)
    names = _names(request, budget, [window.subject for window in page] + [grant.subject for grant in grants])
    state = current_state(budget, now=now)
    return {
        "budget": budget,
        "state": state,
        "period": "" if state.is_endless else f"resets {_day(budget, state.ends_at)}",
        "page": page,
        "counters": [
            {
                "name": names[window.subject],
                "bar": bar_of(
                    spent=window.spent_nanos,
                    reserved=window.reserved_nanos,
                    limit=budget.limit_nanos + _granted(grants, window.subject),
                ),
            }
            for window in page
        ],
        "nothing_yet": bar_of(spent=0, reserved=0, limit=state.limit),
        "alert": refused_until(state),
        "before": [
            {
                "name": _day(budget, period.starts_at),
                "counters": _counted(budget, period.counters),
                "spent": format_usd(period.spent),
            }
            for period in periods_before(budget, now=now)
        ],
        "grants": [_grant_row(grant, names[grant.subject]) for grant in grants],
        "calls_url": _calls_url(budget, state)
        if budget.team_id or sees_everything(principal(request))
        else "",
        "ask_url": f"{reverse('admin:governance_limitrequest_add')}?budget={budget.pk}",
    }


def refused_until(state: BudgetState) -> str:
    """What it means that a hard budget is used up; nothing where it is not."""
    if not state.is_used_up or not state.budget.is_hard:
        return ""
    until = "" if state.is_endless else f" until {_day(state.budget, state.ends_at)}"
    whose = " of whoever has used it up" if state.budget.per else ""
    return f"new calls{whose} are refused{until}, unless the limit is raised."


def _counted(budget: Budget, number: int) -> str:
    """How many values were told apart."""
    if not budget.per:
        return ""
    name = Dimension(budget.per).label
    name = name if budget.per == Dimension.API_KEY else name.lower()
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def _granted(grants: list[Grant], subject: str) -> int:
    return sum(grant.amount for grant in grants if grant.subject in ("", subject))


def _names(request: HttpRequest, budget: Budget, subjects: list[str]) -> dict[str, str]:
    """What subjects are called, with whom they stand for, for those who may know."""
    names = subject_names((budget.per, subject) for subject in subjects)
    people = known_names(
        principal(request), ((budget.team_id, subject) for subject in subjects if budget.per in PEOPLE)
    )
    return {
        subject: named(names[budget.per, subject], people.get((budget.team_id, subject)))
        for subject in subjects
    }


def _grant_row(grant: Grant, name: str) -> dict[str, Any]:
    request = getattr(grant, "request", None)
    return {
        "amount": f"+ {format_usd(grant.amount)}",
        "name": name,
        "until": until_text(grant.ends_at),
        "url": reverse("admin:governance_limitrequest_change", args=[request.pk]) if request else "",
    }


def _day(budget: Budget, moment: datetime) -> str:
    if is_endless(moment) or moment.year <= 2000:
        return "the beginning"
    return f"{moment.astimezone(ZoneInfo(budget.time_zone)):%Y-%m-%d}"


def _calls_url(budget: Budget, state: BudgetState) -> str:
    """The list of calls tells them apart by team, application and day."""
    query: dict[str, Any] = {"team": budget.team_id, "application": budget.application_id}
    if not state.is_endless:
        query["started_at_from"] = f"{state.starts_at.astimezone(ZoneInfo(settings.TIME_ZONE)):%Y-%m-%d}"
    found = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('admin:governance_auditrecord_changelist')}?{found}"
