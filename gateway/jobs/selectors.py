"""What people see of the queue of jobs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum

from gateway.jobs.models import Job


@dataclass(frozen=True, slots=True)
class TeamJobs:
    """The jobs of a team as they stand. `oldest` waits longest; `retries` are attempts after the first of those that wait."""

    team: str
    waiting: int
    running: int
    dead: int
    untold: int
    retries: int
    waits: int
    oldest: datetime | None
    tries: int


def by_team(who: Any) -> list[TeamJobs]:
    """Of the teams whose jobs somebody sees, those with most waiting first."""
    waits = Q(state=Job.State.QUEUED)
    rows = (
        Job.objects.visible_to(who)
        .filter(
            Q(state__in=(Job.State.QUEUED, Job.State.RUNNING, Job.State.DEAD))
            | Q(webhook_state=Job.Webhook.FAILED)
        )
        .values("team__name")
        .annotate(
            waiting=Count("pk", filter=waits),
            running=Count("pk", filter=Q(state=Job.State.RUNNING)),
            dead=Count("pk", filter=Q(state=Job.State.DEAD)),
            untold=Count("pk", filter=Q(webhook_state=Job.Webhook.FAILED)),
            retries=Sum("attempts", filter=waits, default=0),
            put_back=Sum("waits", filter=waits, default=0),
            oldest=Min("created_at", filter=waits),
            tries=Max("attempts", filter=waits, default=0),
        )
        .order_by("-waiting", "-dead", "team__name")
    )
    return [
        TeamJobs(
            team=row["team__name"], waiting=row["waiting"], running=row["running"], dead=row["dead"], untold=row["untold"],
            retries=row["retries"], waits=row["put_back"], oldest=row["oldest"], tries=row["tries"],
        )
        for row in rows
    ]  # fmt: skip
