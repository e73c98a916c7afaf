"""How much of a budget is used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch, QuerySet

from governance.limits.models import Budget, BudgetWindow, Grant
from governance.limits.policy.windows import is_endless, window_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A budget in its current period, in nano-dollars; where it counts each value by itself, of the fullest."""

    budget: Budget
    subject: str = ""
    granted: int = 0
    spent: int
    reserved: int
    starts_at: datetime
    ends_at: datetime

    @property
    def limit(self) -> int:
        """The limit as it is now, with what is granted for a time."""
        return self.budget.limit_nanos + self.granted

    @property
    def left(self) -> int:
        return max(0, self.limit - self.spent - self.reserved)

    @property
    def is_used_up(self) -> bool:
        return self.spent + self.reserved >= self.limit

    @property
    def is_endless(self) -> bool:
        """Whether the period never ends."""
        return is_endless(self.ends_at)


def state_of(
    budget: Budget, windows: Iterable[BudgetWindow], *, now: datetime, grants: Iterable[Grant] = ()
) -> BudgetState:
    """A budget's state, given those of its windows that may be the current one and the grants in force."""
    window = window_of(budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=now)
    rows = (each for each in windows if each.starts_at == window.starts_at)
    row = max(rows, key=lambda each: each.spent_nanos + each.reserved_nanos, default=None)
    subject = row.subject if row else ""
    return BudgetState(
        budget=budget,
        subject=subject,
        granted=sum(grant.amount for grant in grants if grant.subject in ("", subject)),
        spent=row.spent_nanos if row else 0,
        reserved=row.reserved_nanos if row else 0,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
    )


def current_state(budget: Any, *, now: datetime) -> BudgetState:
    """A budget's state, from what `with_state` has fetched with it, or looked up for this one."""
    windows = getattr(budget, "current_windows", None)
    if windows is None:  # one just made or changed
        windows = _fullest(now).filter(budget=budget)
    grants = getattr(budget, "current_grants", None)
    if grants is None:
        grants = in_force(now).filter(budget=budget)
    return state_of(budget, windows, now=now, grants=grants)


def in_force(now: datetime) -> QuerySet[Grant]:
    """The grants that count at a moment."""
    return Grant.objects.filter(revoked_at__isnull=True, starts_at__lte=now, ends_at__gt=now)


def _fullest(now: datetime) -> QuerySet[BudgetWindow]:
    # One row a budget: it may count each of thousands of values by itself.
    rows = BudgetWindow.objects.filter(starts_at__lte=now, ends_at__gt=now)
    used = F("spent_nanos") + F("reserved_nanos")
    return rows.order_by("budget_id", used.desc()).distinct("budget_id")


def with_state(*, now: datetime) -> list["Prefetch[str]"]:
    """To be prefetched with budgets: what `current_state` needs."""
    return [
        Prefetch("windows", queryset=_fullest(now), to_attr="current_windows"),
        Prefetch("grants", queryset=in_force(now), to_attr="current_grants"),
    ]


def budget_states(budgets: QuerySet[Budget], *, now: datetime) -> list[BudgetState]:
    """The state of some budgets, the fullest first, in three queries."""
    rows: QuerySet[Any] = budgets.select_related("team", "application__team", "api_key")
    states = [current_state(budget, now=now) for budget in rows.prefetch_related(*with_state(now=now))]
    return sorted(states, key=lambda state: state.spent / max(1, state.limit), reverse=True)
