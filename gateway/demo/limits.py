"""The demonstration's limits beside the teams' budgets, and two requests for more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import Application, Team, User
from governance.limits.models import Budget, Grant, LimitRequest, RateLimit
from governance.limits.policy.scopes import Scope
from kernel.local_days import day_at, day_begins
from kernel.money import dollars_to_nanos


def create_budgets(teams: dict[str, Team], applications: dict[str, Application]) -> list[Budget]:
    """One of each kind of scope: the organisation, a feature, an application, each end user."""
    support, research = teams["Customer Support"], teams["Research"]
    return [
        _budget("60", name="Everything", is_hard=False),
        _budget("12", team=support, feature="chat", name="Chat in the shop"),
        _budget("0.50", team=support, per="end_user", period="day"),
        _budget("6", team=research, application=applications["Data explorer"], period="week"),
    ]


def _budget(limit: str, **fields: object) -> Budget:
    return Budget.objects.create(
        limit_nanos=dollars_to_nanos(limit), **{"time_zone": settings.TIME_ZONE, **fields}
    )


def create_rate_limits(teams: dict[str, Team]) -> None:
    """A team's calls in a minute, and how many of each end user may be under way."""
    support = teams["Customer Support"]
    RateLimit.objects.create(team=support, metric="requests", period="minute", limit=600)
    RateLimit.objects.create(team=support, metric="concurrent", limit=4, per="end_user")


def create_requests(budgets: Iterable[Budget], *, now: datetime) -> None:
    """One that waits, and one that was approved."""
    by_team = {
        str(budget.team): budget for budget in budgets if budget.scope == Scope(team_id=budget.team_id)
    }
    people = {user.email.split("@")[0]: user for user in User.objects.all()}
    zone = ZoneInfo(settings.TIME_ZONE)
    today = day_at(now, zone)
    platform, research = by_team["Platform"], by_team["Research"]
    LimitRequest.objects.create(
        team=platform.team,
        budget=platform,
        amount=dollars_to_nanos("4"),
        reason="The move of the old libraries needs twice as many reviews until it is done.",
        ends_at=day_begins(today + timedelta(days=21), zone),
        requested_by=people["platform.admin"],
    )
    end = day_begins(today + timedelta(days=14), zone)
    asked = LimitRequest.objects.create(
        team=research.team,
        budget=research,
        amount=dollars_to_nanos("10"),
        reason="The survey of this year's papers.",
        ends_at=end,
        requested_by=people["research.developer"],
        state="approved",
        decided_by=people["research.owner"],
        decided_at=now,
        note="For the survey only.",
    )
    asked.grant = Grant.objects.create(budget=research, amount=asked.amount, starts_at=now, ends_at=end)
    asked.save(update_fields=["grant"])
