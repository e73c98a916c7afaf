from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.admin.base import TeamScopedAdmin
from accounts.admin.dollars import DollarsField
from accounts.admin.typed import TabularInline
from governance.admin.bars import Bar, bar_of
from governance.models import Budget, BudgetWindow
from governance.selectors.budgets import current_windows, state_of
from kernel.clock import utc_now
from kernel.money import format_usd


def render_bar(bar: Bar) -> SafeString:
    """Spent, reserved and what is left, as one bar."""
    return render_to_string("admin/governance/bar.html", {"bar": bar})


class WindowInline(TabularInline):
    """A budget's periods so far, to look at: they are counted by the ledger."""

    model = BudgetWindow
    fields = ("period", "usage")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = "periods"

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
        return super().get_queryset(request).select_related("budget")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Budget)
class BudgetAdmin(TeamScopedAdmin):
    """Budgets: a team's limit for each period, and how much of it is used."""

    fixed_fields = ("team",)
    empty_hint = "A budget limits what a team may spend in a day, a month or any other period."
    list_display = ("team", "limit", "period", "used", "resets")
    list_filter = ("period",)
    list_select_related = ("team",)
    search_fields = ("team__name",)
    fields = ("team", "limit_nanos", "period", "time_zone")
    inlines = (WindowInline,)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "limit_nanos":
            return DollarsField(
                label="Limit", help_text="Dollars per period. Calls that might exceed it are refused."
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(current_windows(now=utc_now()))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj is not None else ()

    @admin.display(description="Limit", ordering="limit_nanos")
    def limit(self, budget: Budget) -> str:
        return format_usd(budget.limit_nanos)

    @admin.display(description="Used in this period")
    def used(self, budget: Any) -> SafeString:
        state = state_of(budget, budget.current_windows, now=utc_now())
        return render_bar(bar_of(spent=state.spent, reserved=state.reserved, limit=budget.limit_nanos))

    @admin.display(description="Resets")
    def resets(self, budget: Any) -> str:
        state = state_of(budget, budget.current_windows, now=utc_now())
        return "never" if state.is_endless else f"{state.ends_at:%Y-%m-%d}"
