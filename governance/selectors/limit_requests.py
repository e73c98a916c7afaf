"""What a request would mean, in words."""

from datetime import datetime

from django.http import HttpRequest

from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.models import LimitRequest
from governance.policy.limit_requests import State
from governance.selectors.budgets import state_of
from kernel.money import format_usd


def meaning_of(request: LimitRequest, *, now: datetime) -> str:
    """From what to what a limit goes, and what is used of it now."""
    until = f"until {request.ends_at:%Y-%m-%d %H:%M} UTC"
    whose = f" for {request.subject}" if request.subject else ""
    if request.budget is not None:
        budget = request.budget
        windows = budget.windows.filter(starts_at__lte=now, ends_at__gt=now, subject=request.subject)
        state = state_of(budget, windows, now=now)
        return (
            f"Raises the limit{whose} from {format_usd(budget.limit_nanos)} to "
            f"{format_usd(budget.limit_nanos + request.amount)} {until}. Spent in this period: {format_usd(state.spent)}."
        )
    if request.rate_limit is not None:
        limit = request.rate_limit.limit
        return f"Raises the limit{whose} from {limit:,} to {limit + request.amount:,} {until}."
    return f"Lets all keys of {request.application} call {request.model} {until}."


def pending_count(request: HttpRequest) -> str:
    """How many requests wait for a person to decide, for the sidebar; nothing where none does."""
    if not request.user.is_authenticated:
        return ""
    rows = LimitRequest.objects.filter(state=State.PENDING)
    if not request.user.is_superuser:
        teams = teams_with(request.user, Capability.MANAGE_TEAM)
        rows = rows.filter(team__in=teams).exclude(requested_by=request.user)
    number = rows.count()
    return str(number) if number else ""
