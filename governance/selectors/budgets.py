"""How much of a budget is used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from governance.models import Budget, BudgetWindow
from governance.policy.windows import window_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A budget in its current period, in nano-dollars."""

    budget: Budget
    spent: int
    reserved: int
    starts_at: datetime
    ends_at: datetime

    @property
    def left(self) -> int:
        return max(0, self.budget.limit_nanos - self.spent - self.reserved)

    @property
    def is_endless(self) -> bool:
        """Whether the period never ends."""
        return self.ends_at.year >= 9999


def state_of(budget: Budget, windows: Iterable[BudgetWindow], *, now: datetime) -> BudgetState:
    """A budget's state, given those of its windows that may be the current one; the fullest where it has several."""
    window = window_of(budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=now)
    rows = (each for each in windows if each.starts_at == window.starts_at)
    row = max(rows, key=lambda each: each.spent_nanos + each.reserved_nanos, default=None)
    return BudgetState(
        budget=budget,
        spent=row.spent_nanos if row else 0,
        reserved=row.reserved_nanos if row else 0,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
    )


def current_windows(*, now: datetime) -> "Prefetch[str]":
    """To be prefetched with budgets: the windows that `state_of` needs, as `current_windows`."""
    rows = BudgetWindow.objects.filter(starts_at__lte=now, ends_at__gt=now)
    return Prefetch("windows", queryset=rows, to_attr="current_windows")


def budget_states(teams: Iterable[int], *, now: datetime) -> list[BudgetState]:
    """The state of the budgets of some teams, the fullest first, in two queries."""
    budgets: QuerySet[Any] = (
        Budget.objects.filter(team__in=teams)
        .select_related("team")
        .prefetch_related(current_windows(now=now))
    )
    states = [state_of(budget, budget.current_windows, now=now) for budget in budgets]
    return sorted(states, key=lambda state: state.spent / max(1, state.budget.limit_nanos), reverse=True)
