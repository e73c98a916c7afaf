from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.admin.dollars import DollarsField
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import TabularInline, display
from governance.admin.bars import Bar, bar_of
from governance.admin.scoped import ScopedAdmin
from governance.models import Budget, BudgetWindow
from governance.selectors.budgets import current_windows, state_of
from kernel.clock import utc_now
from kernel.money import format_usd


def render_bar(bar: Bar) -> SafeString:
    """Spent, reserved and what is left, as one bar."""
    return render_to_string("admin/governance/bar.html", {"bar": bar})


_COUNTERS_SHOWN = 40


class WindowInline(TabularInline):
    """A budget's periods so far, to look at: they are counted by the ledger."""

    model = BudgetWindow
    fields = ("period", "subject", "usage")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "periods, and the fullest counters in each"

    @admin.display(description="Period")
    def period(self, window: BudgetWindow) -> str:
        if window.ends_at.year >= 9999:
            return "from the beginning"
        return f"{window.starts_at:%Y-%m-%d} to {window.ends_at:%Y-%m-%d}"

    @admin.display(description="Used")
    def usage(self, window: BudgetWindow) -> SafeString:
        return render_bar(
            bar_of(spent=window.spent_nanos, reserved=window.reserved_nanos, limit=window.budget.limit_nanos)
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A budget may count each of thousands of values by itself: the latest and fullest are shown."""
        rows = super().get_queryset(request).select_related("budget")
        budget_id = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        if not str(budget_id or "").isdigit():
            return rows.none()
        latest = rows.filter(budget_id=budget_id).order_by("-starts_at", "-spent_nanos").values("pk")
        return rows.filter(pk__in=latest[:_COUNTERS_SHOWN]).order_by("-starts_at", "-spent_nanos")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Budget)
class BudgetAdmin(ScopedAdmin):
    """Budgets: what some calls may cost in each period, and how much of that is used."""

    fixed_fields = (*ScopedAdmin.fixed_fields, "period", "time_zone")
    empty_hint = (
        "A budget limits what a team, an application, a feature or any other calls may cost in a period."
    )
    list_display = ("title", "limit", "period", "kind", "used", "resets")
    list_filter = ("period", "is_hard", TeamFilter)
    search_fields = ("name", "team__name", "application__name", "feature", "end_user", "model")
    fieldsets = (
        (None, {"fields": ("limit_nanos", "period", "time_zone", "is_hard", "name")}),
        ("Alerts", {"fields": ("alert_thresholds", "alert_on_forecast")}),
        (
            "What it is for",
            {
                "fields": ("team", "application", "api_key", "feature", "end_user", "model", "per"),
                "description": "Calls that match all that is filled in. Leave the rest empty. Calls are counted from the "
                "moment the budget is made; what it is for and its period stay as they are then.",
            },
        ),
    )
    inlines = (WindowInline,)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "limit_nanos":
            return DollarsField(
                label="Limit",
                help_text="US dollars per period. A hard budget refuses calls that might exceed it.",
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(current_windows(now=utc_now()))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()

    @display(description="Budget", header=True)
    def title(self, budget: Budget) -> list[str]:
        scope = self.scope_label(budget)
        return [budget.name, scope] if budget.name else [scope, ""]

    @admin.display(description="Limit", ordering="limit_nanos")
    def limit(self, budget: Budget) -> str:
        return format_usd(budget.limit_nanos)

    @display(description="Kind", label={"hard": "danger", "soft": "info"})
    def kind(self, budget: Budget) -> tuple[str, str]:
        return ("hard", "Hard") if budget.is_hard else ("soft", "Soft")

    @admin.display(description="Used in this period")
    def used(self, budget: Any) -> SafeString:
        state = state_of(budget, budget.current_windows, now=utc_now())
        return render_bar(bar_of(spent=state.spent, reserved=state.reserved, limit=budget.limit_nanos))

    @admin.display(description="Resets")
    def resets(self, budget: Any) -> str:
        state = state_of(budget, budget.current_windows, now=utc_now())
        return "never" if state.is_endless else f"{state.ends_at:%Y-%m-%d}"
