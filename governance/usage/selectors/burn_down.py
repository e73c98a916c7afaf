"""How a budget's period goes: what was spent by the day, against the limit, and what it will come to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from governance.limits.models import Budget
from governance.limits.selectors.budgets import BudgetState
from governance.usage.policy.forecast import Forecast, forecast
from governance.usage.policy.usage import UsageQuery
from governance.usage.selectors.usage import days_before, usage_rows
from kernel.local_days import day_at

_HISTORY_DAYS = 56


@dataclass(frozen=True, slots=True)
class BurnDown:
    """Nano-dollars spent by the end of each day of the period so far, and the forecast of its end."""

    state: BudgetState
    days: list[tuple[date, int]]
    forecast: Forecast | None


def burn_down(state: BudgetState, *, now: datetime) -> BurnDown | None:
    """None for budgets whose course usage does not tell: of one end user, of each value by itself, without a period."""
    budget = state.budget
    if budget.per or budget.end_user or state.is_endless:
        return None
    zone = ZoneInfo(budget.time_zone)
    rows = usage_rows(
        UsageQuery(
            since=min(state.starts_at, days_before(now, _HISTORY_DAYS, zone)),
            until=days_before(now, -1, zone),
            interval="day",
            filters=_filters(budget),
        ),
        zone=zone,
    )
    by_day = {row.starts_at.date(): row.sums.cost_nanos for row in rows if row.starts_at}
    today, start = day_at(now, zone), day_at(state.starts_at, zone)
    first = min(by_day, default=today)
    whole = [
        (day, by_day.get(day, 0)) for day in _days(max(first, today - timedelta(days=_HISTORY_DAYS)), today)
    ]
    found = forecast(
        days=whole,
        spent=state.spent,
        now=now.astimezone(zone),
        ends_at=state.ends_at,
        limit=state.limit,
    )
    so_far, course = 0, []
    for day in _days(start, today + timedelta(days=1)):
        so_far += by_day.get(day, 0)
        course.append((day, min(so_far, state.spent)))
    if course:
        course[-1] = (
            today,
            state.spent,
        )  # the ledger has the last word: usage may have begun before the budget
    return BurnDown(state, course, found)


def _filters(budget: Budget) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for name, value in (
        ("team", budget.team_id),
        ("application", budget.application_id),
        ("api_key", budget.api_key_id),
    ):
        if value:
            found[name] = value
    for name, text in (("feature", budget.feature), ("route", budget.model)):
        if text:
            found[name] = text
    return found


def _days(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range(max(0, (end - start).days))]
