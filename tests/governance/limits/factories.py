"""Budgets with what was spent of them, rate limits, requests for more and grants."""

from datetime import timedelta
from typing import Any

from accounts.models import Team
from governance.limits.models import Budget, BudgetWindow, Grant, LimitRequest, RateLimit
from governance.limits.policy.windows import window_of
from kernel.clock import utc_now
from kernel.money import NANOS_PER_DOLLAR

DOLLAR = NANOS_PER_DOLLAR
"""In nano-dollars, as budgets count."""


def make_budget(team: Team | None = None, *, limit_nanos: int = DOLLAR, **fields: Any) -> Budget:
    """A team's budget, or without a team the organisation's, of which nothing is spent."""
    return Budget.objects.create(team=team, limit_nanos=limit_nanos, **fields)


def make_window(budget: Budget, *, spent_nanos: int = 0, subject: str = "") -> BudgetWindow:
    """A counter of the budget's current period."""
    return make_windows(budget, {subject: spent_nanos})[0]


def make_windows(budget: Budget, spent: dict[str, int]) -> list[BudgetWindow]:
    """Counters of the budget's current period by subject, in nano-dollars."""
    window = window_of(budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=utc_now())
    return BudgetWindow.objects.bulk_create(
        BudgetWindow(budget=budget, subject=subject, starts_at=window.starts_at, ends_at=window.ends_at, spent_nanos=nanos)
        for subject, nanos in spent.items()
    )  # fmt: skip


def make_rate_limit(
    team: Team | None = None, *, metric: str = "requests", limit: int = 100, **fields: Any
) -> RateLimit:
    """A team's rate limit, or without a team the organisation's; by the minute where it has a period."""
    period = "" if metric == "concurrent" else "minute"
    return RateLimit.objects.create(**{"team": team, "metric": metric, "limit": limit, "period": period, **fields})  # fmt: skip


def make_request(budget: Budget, *, amount: int = DOLLAR, **fields: Any) -> LimitRequest:
    """A request of the budget's team for more, to which nobody has answered."""
    values = {"team": budget.team, "reason": "More", "ends_at": utc_now() + timedelta(days=9), **fields}
    return LimitRequest.objects.create(budget=budget, amount=amount, **values)


def make_grant(
    limit: Budget | RateLimit, *, amount: int = DOLLAR, lasts: timedelta = timedelta(days=1), **fields: Any
) -> Grant:
    """More of a budget or of a rate limit, from now on for a time."""
    now = utc_now()
    of = {"budget" if isinstance(limit, Budget) else "rate_limit": limit}
    return Grant.objects.create(amount=amount, **{"starts_at": now, "ends_at": now + lasts, **of, **fields})
