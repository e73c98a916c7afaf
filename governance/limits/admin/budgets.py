from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.admin.base import principal
from accounts.admin.dollars import DollarsField
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import ChangeList, display
from governance.limits.admin.budget_use import refused_until, use_of
from governance.limits.admin.scope_filters import ScopeFilter
from governance.limits.admin.scoped import ScopedAdmin, ScopedList
from governance.limits.models import Budget
from governance.limits.selectors.budgets import BudgetState, current_state, with_state
from governance.limits.selectors.subjects import PEOPLE, subject_names
from governance.ui.bars import Bar, bar_of
from governance.ui.people import known_names, named
from kernel.clock import utc_now
from kernel.money import format_usd


def render_bar(bar: Bar, *, of: str = "") -> SafeString:
    """Spent, reserved and what is left, as one bar; of whom, where it is one counter of many."""
    return render_to_string("admin/governance/usage/bar.html", {"bar": bar, "of": of})


class BudgetList(ScopedList):
    """The rows of a page with their state, in as many queries for fifty rows as for one."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        now = utc_now()
        for row in rows:
            row.state = current_state(row, now=now)
        people = known_names(
            principal(request), ((row.team_id, row.state.subject) for row in rows if row.per in PEOPLE)
        )
        names = subject_names((row.per, row.state.subject) for row in rows)
        for row in rows:
            name = people.get((row.team_id, row.state.subject)) if row.per in PEOPLE else None
            row.fullest = named(names[row.per, row.state.subject], name)
        self.result_list = rows


@admin.register(Budget)
class BudgetAdmin(ScopedAdmin):
    """Budgets: what some calls may cost in each period, and how much of that is used."""

    fixed_fields = (*ScopedAdmin.fixed_fields, "period", "time_zone")
    change_form_outer_before_template = "admin/governance/limits/budget_use.html"
    empty_hint = (
        "A budget limits what a team, an application, a feature or any other calls may cost in a period."
    )
    list_display = ("title", "limit", "period", "kind", "used", "resets")
    list_filter = ("period", "is_hard", ScopeFilter, TeamFilter)
    search_fields = ("name", "team__name", "application__name", "feature", "end_user", "model")
    search_help_text = "A name, a team, an application, a feature, an end user or a route."
    labels: ClassVar[dict[str, str]] = {"is_hard": "Hard limit"}
    usual_fields = ("when_exceeded", "wait_seconds")
    fieldsets = (
        (None, {"fields": ("limit_nanos", "period", "time_zone", "is_hard", "name")}),
        ("When it is short", {"fields": ("when_exceeded", ("cheaper_model", "wait_seconds"))}),
        ("Alerts", {"fields": ("alert_thresholds", "alert_on_forecast")}),
        (
            "Scope",
            {
                "fields": ("team", "application", "api_key", "feature", "end_user", "model", "per"),
                "description": "Calls that match all of the fields that are filled in. Calls are counted from the "
                "moment the budget is made; what it is for and its period stay as they are then.",
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "limit_nanos":
            return DollarsField(label="Limit", help_text="US dollars per period.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(*with_state(now=utc_now()))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BudgetList

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"use": use_of(obj, request=request, now=utc_now())}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        until = refused_until(current_state(Budget.objects.get(pk=obj.pk), now=utc_now()))
        if change and until:
            messages.warning(request, f"More than this has been spent already: {until}")

    @display(description="Budget", header=True)
    def title(self, budget: Budget) -> list[str]:
        scope = self.scope_label(budget)
        return [budget.name, scope] if budget.name else [scope, ""]

    @admin.display(description="Limit", ordering="limit_nanos")
    def limit(self, budget: Any) -> str:
        granted = budget.state.granted
        text = format_usd(budget.limit_nanos)
        return f"{text} + {format_usd(granted)}" if granted else text

    @display(description="Kind", label={"hard": "info"})
    def kind(self, budget: Budget) -> tuple[str, str]:
        return ("hard", "Hard") if budget.is_hard else ("soft", "Soft")

    @admin.display(description="Used in this period")
    def used(self, budget: Any) -> SafeString:
        state: BudgetState = budget.state
        bar = bar_of(spent=state.spent, reserved=state.reserved, limit=state.limit)
        return render_bar(bar, of=f"most used by {budget.fullest}" if state.subject else "")

    @admin.display(description="Resets")
    def resets(self, budget: Any) -> str:
        state: BudgetState = budget.state
        return "never" if state.is_endless else f"{state.ends_at:%Y-%m-%d}"
