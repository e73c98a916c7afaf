from django.contrib import admin

from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from governance.admin.scoped import ScopedAdmin
from governance.models import RateLimit


@admin.register(RateLimit)
class RateLimitAdmin(ScopedAdmin):
    """Rate limits: how many calls or tokens pass in a minute, an hour or a day, or how many calls at once."""

    fixed_fields = (*ScopedAdmin.fixed_fields, "metric", "period")
    empty_hint = "A rate limit keeps one team, application or user from using up what others need."
    list_display = ("scope_label", "limited", "created_at")
    list_filter = ("metric", "period", TeamFilter)
    search_fields = ("team__name", "application__name", "feature", "end_user", "model")
    fieldsets = (
        (None, {"fields": ("metric", "limit", "period")}),
        (
            "What it is for",
            {
                "fields": ("team", "application", "api_key", "feature", "end_user", "model", "per"),
                "description": "Calls that match all that is filled in. Leave the rest empty. Tokens are those of the "
                "prompt and the answer; a call takes what it may need, and gives back what it did not use.",
            },
        ),
    )

    @display(description="Limit", header=True)
    def limited(self, limit: RateLimit) -> list[str]:
        if limit.metric == RateLimit.Metric.CONCURRENT:
            return [f"{limit.limit:,} calls at once", ""]
        return [f"{limit.limit:,} {limit.metric}", f"in any {limit.period}"]
