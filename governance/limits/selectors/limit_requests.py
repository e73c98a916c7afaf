"""What a request would mean, in words; who waits for whom; and what one may ask more of."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.access.policy import Principal, Shared, reach_to_change, reach_to_see
from accounts.access.principals import has_capability, principal
from accounts.models import Application, User
from accounts.policy.roles import Capability
from governance.limits.models import Budget, LimitRequest, RateLimit
from governance.limits.policy.limit_requests import RequestState
from governance.limits.selectors.budgets import BudgetState, in_force, state_of
from kernel.clock import utc_now
from kernel.local_days import day_at, day_start
from kernel.money import format_usd


def meaning_of(request: LimitRequest, *, now: datetime, shows_use: bool) -> str:
    """From what to what a limit goes, and, for who may know, what is used of it now."""
    until = until_text(request.ends_at)
    whose = (
        f" for {request.subject_text}" if request.subject else " for each by itself" if _per(request) else ""
    )
    if request.budget is not None:
        state = budget_state_for(request.budget, request.subject, now=now)
        used = f" Spent so far: {format_usd(state.spent)}." if shows_use else ""
        period = _PERIODS.get(request.budget.period, "")
        return (
            f"Raises the {period}limit{whose} from {format_usd(state.limit)} to "
            f"{format_usd(state.limit + request.amount)} {until}.{used}"
        )
    if request.rate_limit is not None:
        limit = request.rate_limit.limit + sum(
            grant.amount
            for grant in in_force(now).filter(rate_limit=request.rate_limit)
            if grant.subject in ("", request.subject)
        )
        return f"Raises the limit{whose} from {limit:,} to {limit + request.amount:,} {until}."
    return f"Lets all keys of {request.application} call {request.model} {until}."


def until_text(moment: datetime) -> str:
    """A moment as people say it: midnight is the end of the day before."""
    local, zone = timezone.localtime(moment), timezone.get_current_timezone()
    if moment == day_start(moment, zone):
        last = day_at(moment - timedelta(microseconds=1), zone)
        return f"until the end of {last.day} {last:%B %Y}"
    return f"until {local.day} {local:%B %Y, %H:%M %Z}"


_PERIODS = {
    "day": "daily ", "week": "weekly ", "month": "monthly ", "quarter": "quarterly ", "year": "yearly ",
}  # fmt: skip


def _per(request: LimitRequest) -> str:
    limit = request.budget or request.rate_limit
    return limit.per if limit else ""


def budget_state_for(budget: Budget, subject: str, *, now: datetime) -> BudgetState:
    """How a budget stands for one subject; where it counts each by itself and none is named, for the fullest."""
    windows = budget.windows.filter(starts_at__lte=now, ends_at__gt=now)
    if subject or not budget.per:
        windows = windows.filter(subject=subject)
    state = state_of(budget, windows, now=now)
    grants = in_force(now).filter(budget=budget, subject__in={"", subject or state.subject})
    return state_of(budget, windows, now=now, grants=grants)


def may_see_use(who: User | Principal, limit: Budget | RateLimit | Application) -> bool:
    """Whether a person may see what is used of a limit: of the organisation's, which tell of other teams, superusers."""
    return has_capability(who, Capability.VIEW_USAGE, limit.owner_id)


def limits_binding(limits: "QuerySet[Any]", who: Principal) -> "QuerySet[Any]":
    """Those budgets, or rate limits, a person may ask more of: of their teams, and the organisation's.

    An organisation's limit that names an end user tells of whoever calls for that user: it is for superusers.
    """
    rows = limits.select_related("team", "application__team", "api_key")
    own = reach_to_see(who, Capability.VIEW_USAGE, Shared.SUPERUSERS)
    if own.everything:
        return rows
    binding = Q(team__in=own.teams) | Q(team__isnull=True, end_user="")
    return rows.filter(binding) if own.teams else rows.none()


def waiting_for(who: Principal, *, now: datetime) -> "QuerySet[LimitRequest]":
    """The requests that wait for a person to decide."""
    rows = LimitRequest.objects.filter(state=RequestState.PENDING, ends_at__gt=now)
    reach = reach_to_change(who, Capability.MANAGE_TEAM)
    if reach.everything:
        return rows
    mine = Q()
    for target in ("budget", "rate_limit", "application"):
        mine |= Q(**{f"{target}__team__in": reach.teams})
    return rows.filter(mine).exclude(requested_by=who.id)


def pending_count(request: HttpRequest) -> str:
    """How many requests wait for a person to decide, for the sidebar; nothing where none does."""
    if not request.user.is_authenticated:
        return ""
    number = waiting_for(principal(request), now=utc_now()).count()
    return str(number) if number else ""
