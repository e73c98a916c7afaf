"""What a key asks for outside the gateway, such as a preview: counted in the limits of requests that its calls are counted in."""

from collections.abc import Iterator
from math import ceil
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db.models import Q, Sum

from accounts.models import ApiKey
from governance.limits.models import Grant, RateLimit
from governance.limits.policy.rate_limits import (
    Counter,
    RateDecision,
    RateRequest,
    counter_key,
)
from governance.limits.policy.scopes import CallFacts
from governance.limits.services.rate_limiter import RateLimiter
from kernel.clock import utc_now

_ALONE = (0, 1)
"""Rank and number of the processes that share a limit while Valkey is away."""


def seconds_to_wait(key: ApiKey) -> int:
    """Takes one request of the key. 0: it may pass; else in how many seconds there is room again."""
    takes = tuple((counter, 1) for counter in _counters(key))
    if not takes:
        return 0
    decision = async_to_sync(_admit)(RateRequest(str(uuid4()), takes))
    return 0 if decision.admitted else max(1, ceil((decision.retry_ms or 1000) / 1000))


async def _admit(request: RateRequest) -> RateDecision:
    limiter = RateLimiter(settings.REDIS_URL, members=lambda: _ALONE)
    try:
        return await limiter.admit(request)
    finally:
        await limiter.stop()


def _counters(key: ApiKey) -> Iterator[Counter]:
    team_id = key.application.team_id
    facts = CallFacts(
        team_id=team_id,
        application_id=key.application_id,
        api_key_id=key.pk,
        end_user="",
        feature="",
        model="",
    )
    limits = RateLimit.objects.filter(Q(team=None) | Q(team=team_id), metric=RateLimit.Metric.REQUESTS)
    for limit in limits:
        scope = limit.scope
        if (
            not scope.may_apply_to(team_id=team_id, application_id=key.application_id, api_key_id=key.pk)
            or (subject := scope.subject_of(facts)) is None
        ):
            continue
        most = limit.limit + _granted(limit, subject)
        yield Counter(counter_key(limit.pk, subject), limit.period_seconds * 1000, most)


def _granted(limit: RateLimit, subject: str) -> int:
    now = utc_now()
    grants = Grant.objects.filter(
        rate_limit=limit, revoked_at=None, starts_at__lte=now, ends_at__gt=now, subject__in={"", subject}
    )
    return grants.aggregate(more=Sum("amount"))["more"] or 0
