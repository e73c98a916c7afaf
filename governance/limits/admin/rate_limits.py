from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from accounts.admin.base import principal
from accounts.admin.filters import TeamFilter
from accounts.admin.typed import display
from governance.limits.admin.scope_filters import ScopeFilter
from governance.limits.admin.scoped import ScopedAdmin
from governance.limits.models import RateLimit
from governance.limits.policy.rate_limits import period_text
from governance.limits.selectors.budgets import in_force
from governance.limits.selectors.limit_requests import until_text
from governance.limits.selectors.subjects import PEOPLE, subject_names
from governance.ui.people import known_names, named
from kernel.clock import utc_now


@admin.register(RateLimit)
class RateLimitAdmin(ScopedAdmin):
    """Rate limits: how many calls or tokens pass in a minute, an hour or a day, or how many calls at once."""

    fixed_fields = (*ScopedAdmin.fixed_fields, "metric", "period", "every")
    usual_fields = ("every",)
    empty_hint = "A rate limit keeps one team, application or user from using up what others need."
    list_display = ("scope_label", "limited", "created_at")
    change_form_outer_before_template = "admin/governance/limits/rate_limit_use.html"
    list_filter = ("metric", "period", ScopeFilter, TeamFilter)
    search_help_text = "A team, an application, a feature, an end user or a route."
    search_fields = ("team__name", "application__name", "feature", "end_user", "model")
    fieldsets = (
        (None, {"fields": ("metric", "limit", "period", "every")}),
        (
            "Scope",
            {
                "fields": ("team", "application", "api_key", "feature", "end_user", "model", "per"),
                "description": "Calls that match all of the fields that are filled in. Tokens are those of the "
                "prompt and the answer; a call takes what it may need, and gives back what it did not use.",
            },
        ),
    )

    @display(description="Limit", header=True)
    def limited(self, limit: RateLimit) -> list[str]:
        if limit.metric == RateLimit.Metric.CONCURRENT:
            return [f"{limit.limit:,} calls at once", ""]
        return [f"{limit.limit:,} {limit.metric}", f"in any {period_text(limit.period_seconds)}"]

    def beside(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"use": _use_of(request, obj)}


def _use_of(request: HttpRequest, limit: RateLimit) -> dict[str, Any]:
    """What has been granted on top of a limit, and where to ask for more."""
    grants = list(in_force(utc_now()).filter(rate_limit=limit).select_related("request").order_by("ends_at"))
    names = subject_names((limit.per, grant.subject) for grant in grants)
    subjects = [grant.subject for grant in grants if limit.per in PEOPLE]
    people = known_names(principal(request), ((limit.team_id, subject) for subject in subjects))
    return {
        "ask_url": f"{reverse('admin:governance_limitrequest_add')}?rate_limit={limit.pk}",
        "grants": [
            {
                "amount": f"+ {grant.amount:,}",
                "name": named(names[limit.per, grant.subject], people.get((limit.team_id, grant.subject))),
                "until": until_text(grant.ends_at),
                "request": getattr(grant, "request", None),
            }
            for grant in grants
        ],
    }
