"""The counters of one budget: who uses it in this period, and what it came to in the periods before."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Sum

from governance.limits.models import Budget, BudgetWindow, Grant
from governance.limits.policy.windows import window_of
from governance.limits.selectors.budgets import in_force

PAGE = 10
PERIODS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a budget came to in one period, of all its counters."""

    starts_at: datetime
    ends_at: datetime
    spent: int
    counters: int


def current_counters(budget: Budget, *, now: datetime, page: int) -> Page[BudgetWindow]:
    """The counters of this period, the fullest first."""
    window = window_of(budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=now)
    rows = BudgetWindow.objects.filter(budget=budget, starts_at=window.starts_at)
    used = F("spent_nanos") + F("reserved_nanos")
    return Paginator(rows.order_by(used.desc(), "pk"), PAGE).get_page(page)


def periods_before(budget: Budget, *, now: datetime) -> list[Period]:
    """The latest periods that are over."""
    rows = (
        BudgetWindow.objects.filter(budget=budget, ends_at__lte=now)
        .order_by("-starts_at")
        .values("starts_at", "ends_at")
        .annotate(spent=Sum("spent_nanos"), counters=Count("pk"))
    )
    return [Period(**row) for row in rows[:PERIODS]]


def grants_of(budget: Budget, *, now: datetime) -> list[Grant]:
    """What has been granted and is in force, the first to end first."""
    return list(in_force(now).filter(budget=budget).select_related("request").order_by("ends_at"))
