"""Whom the end or the change of a model hits, by the calls of the last days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count

from accounts.models import Application, Team
from gateway.discovery.policy import USED_DAYS
from governance.records.models import AuditRecord
from governance.records.selectors.calls import ids_between
from governance.usage.policy.usage import UsageQuery
from governance.usage.policy.usage_limits import MINUTES
from governance.usage.selectors.usage import usage_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHit:
    """Calls of an application by a route, or of a prompt (`application` is None)."""

    team: int
    application: int | None
    name: str
    route: str = ""
    calls: int


def hits_of(model_id: str, *, now: datetime) -> list[ModelHit]:
    """Applications and prompts whose calls the model answered in the last days; those that still are there."""
    return [*_applications(model_id, now), *_prompts(model_id, now)]


def _applications(model_id: str, now: datetime) -> Iterable[ModelHit]:
    until = now + timedelta(minutes=MINUTES) - timedelta(minutes=now.minute % MINUTES)
    until = until.replace(second=0, microsecond=0)
    query = UsageQuery(
        since=until - timedelta(days=USED_DAYS),
        until=until,
        group_by=("team", "application", "route"),
        filters={"model": model_id},
    )
    rows = [
        (*row.key, row.sums.calls)
        for row in usage_rows(query, zone=ZoneInfo(settings.TIME_ZONE))
        if row.key[1]
    ]
    names = dict(Application.objects.filter(pk__in={row[1] for row in rows}).values_list("pk", "name"))
    for team, application, route, calls in rows:
        if application in names:
            yield ModelHit(
                team=team, application=application, name=names[application], route=route, calls=calls
            )


def _prompts(model_id: str, now: datetime) -> Iterable[ModelHit]:
    first, last = ids_between(now - timedelta(days=USED_DAYS), now)
    rows = (
        AuditRecord.objects.filter(model=model_id, call_id__gte=first, call_id__lt=last)
        .exclude(prompt_name="")
        .order_by()
        .values_list("team", "prompt_name")
        .annotate(number=Count("pk"))
    )
    found = [row for row in rows if row[0]]
    teams = set(Team.objects.filter(pk__in={row[0] for row in found}).values_list("pk", flat=True))
    for team, prompt, number in found:
        if team in teams:
            yield ModelHit(team=team, application=None, name=prompt, calls=number)
