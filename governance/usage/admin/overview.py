"""The home page."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.access.principals import principal, team_ids
from accounts.models import ApiKey, Application, Team
from accounts.policy.roles import Capability
from governance.limits.models import Budget
from governance.limits.selectors.budgets import budget_states
from governance.privacy.models import PrivacyPolicy
from governance.privacy.policy.presets import Preset
from governance.privacy.selectors import preset
from governance.records.models import AuditRecord, CallStatus
from governance.ui.bars import bar_of
from governance.ui.calls import STATUS_LABELS, milliseconds
from governance.usage.admin.chart import chart_of
from governance.usage.selectors.dashboard import DashboardUsage, Sum, dashboard_usage, latest_problems
from kernel.clock import utc_now
from kernel.money import format_usd
from kernel.replica import may_be_stale

MODELS_SHOWN = 6
BUDGETS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Card:
    """One figure and what to know about it."""

    title: str
    value: str
    note: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of setting up."""

    title: str
    text: str
    url: str
    is_done: bool


@may_be_stale
def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the home page's template needs, of the person's own teams."""
    who = principal(request)
    teams = team_ids(who, Capability.VIEW_USAGE)
    now = utc_now()
    context["title"] = "Overview"
    if who.is_superuser:
        context["preset"] = _preset()
    if teams is not None and not teams:
        return {**context, "has_no_team": True}
    if not AuditRecord.objects.order_by().visible_to(who).exists():
        steps = _steps(request)
        return {
            **context,
            "steps": steps,
            "next_step": next(step for step in steps if not step.is_done),
            "base_url": settings.PUBLIC_URL,
        }
    found = dashboard_usage(teams=teams, now=now, zone=ZoneInfo(settings.TIME_ZONE))
    return {
        **context,
        "cards": _cards(found),
        "chart": chart_of(found.days, found.costs_of_teams) if found.costs_of_teams else None,
        "budgets": [
            {
                "team": str(state.budget),
                "bar": bar_of(spent=state.spent, reserved=state.reserved, limit=state.limit),
                "resets": "" if state.is_endless else f"resets {state.ends_at.day} {state.ends_at:%b}",
                "url": reverse("admin:governance_budget_change", args=[state.budget.pk]),
            }
            for state in budget_states(Budget.objects.visible_to(who), now=now)[:BUDGETS_SHOWN]
        ],
        "models": [_model_row(name, total, found) for name, total in found.models[:MODELS_SHOWN]],
        "problems": [
            {"call": call, "variant": STATUS_LABELS.get(CallStatus(call.status), "")}
            for call in latest_problems(AuditRecord.objects.visible_to(who))
        ],
    }


def _cards(found: DashboardUsage) -> list[Card]:
    calls = reverse("admin:governance_auditrecord_changelist")
    today, yesterday, month = found.today, found.yesterday, found.month
    day = f"{found.days[-1]:%Y-%m-%d}"
    of_today = f"{calls}?started_at_from={day}&started_at_to={day}"
    return [
        Card("Spent today", format_usd(today.cost), f"{format_usd(yesterday.cost)} yesterday"),
        Card("Spent this month", format_usd(month.cost), f"{month.calls:,} calls"),
        Card("Calls today", f"{today.calls:,}", f"{yesterday.calls:,} yesterday", of_today),
        Card(
            "Errors today",
            f"{today.failed:,}",
            f"{today.refused:,} refused",
            f"{of_today}&status=not_succeeded",
        ),
        Card("p95 latency", milliseconds(found.p95_ms), "in the last 24 hours"),
    ]


def _model_row(name: str, total: Sum, found: DashboardUsage) -> dict[str, Any]:
    highest = max((each.cost for _, each in found.models), default=0)
    return {
        "name": name,
        "cost": format_usd(total.cost),
        "calls": f"{total.calls:,}",
        "percent": round(total.cost * 100 / highest, 1) if highest else 0,
    }


def _preset() -> Preset | None:
    """What holds while the organisation has no privacy policy of its own."""
    has_own = PrivacyPolicy.objects.filter(team=None, in_force__isnull=False).exists()
    return None if has_own else preset()


def _steps(request: HttpRequest) -> list[FirstStep]:
    applications = Application.objects.visible_to(principal(request))
    keys = ApiKey.objects.filter(application__in=applications)
    return [
        FirstStep(
            "Create a team", "Who pays for calls.", reverse("admin:accounts_team_add"),
            Team.objects.visible_to(principal(request)).exists(),
        ),
        FirstStep(
            "Create an application", "The program that will call models.", reverse("admin:accounts_application_add"),
            applications.exists(),
        ),
        FirstStep(
            "Create an API key", "The application's credential. You will see it once, with code to try it.",
            reverse("admin:accounts_apikey_add"), keys.exists(),
        ),
        FirstStep("Make a call", "It appears here a moment later.", "", False),
    ]  # fmt: skip
