"""Which budgets and rate limits calls of an API key can fall under, read in two queries."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from accounts.models import ApiKey
from gateway.snapshot.state import BudgetEntry, GrantEntry, RateLimitEntry
from governance.limits.models import Budget, Grant, RateLimit
from kernel.clock import utc_now

Entry = TypeVar("Entry", BudgetEntry, RateLimitEntry)


class SnapshotLimits:
    """Told apart by team first: with many teams, most limits are another team's."""

    def __init__(self) -> None:
        budgets = Budget.objects.select_related("team", "application__team", "api_key")
        self._budgets = _by_team((row.team_id, _budget(row)) for row in budgets)
        grants = _grants()
        rate_limits = RateLimit.objects.select_related("team", "application__team", "api_key")
        self._rate_limits = _by_team((row.team_id, _rate_limit(row, grants[row.pk])) for row in rate_limits)

    def budgets_of(self, key: ApiKey, team_id: int) -> tuple[BudgetEntry, ...]:
        return _applying(self._budgets, key, team_id)

    def rate_limits_of(self, key: ApiKey, team_id: int) -> tuple[RateLimitEntry, ...]:
        return _applying(self._rate_limits, key, team_id)


def _applying(entries: dict[int | None, list[Entry]], key: ApiKey, team_id: int) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in (*entries.get(None, ()), *entries.get(team_id, ()))
        if entry.scope.may_apply_to(team_id=team_id, application_id=key.application_id, api_key_id=key.pk)
    )


def _by_team(entries: Iterable[tuple[int | None, Entry]]) -> dict[int | None, list[Entry]]:
    found: dict[int | None, list[Entry]] = defaultdict(list)
    for team_id, entry in entries:
        found[team_id].append(entry)
    return found


def _budget(row: Budget) -> BudgetEntry:
    return BudgetEntry(
        id=row.pk,
        name=row.name or row.scope_text,
        scope=row.scope,
        period=row.period,
        time_zone=row.time_zone,
        when_exceeded=row.when_exceeded,
        cheaper_model=row.cheaper_model,
        wait_seconds=row.wait_seconds,
    )


def _rate_limit(row: RateLimit, grants: list[GrantEntry]) -> RateLimitEntry:
    return RateLimitEntry(
        id=row.pk,
        name=row.scope_text,
        scope=row.scope,
        metric=row.metric,
        period_seconds=row.period_seconds,
        limit=row.limit,
        grants=tuple(grants),
    )


def _grants() -> dict[int, list[GrantEntry]]:
    found: dict[int, list[GrantEntry]] = defaultdict(list)
    rows = Grant.objects.filter(rate_limit__isnull=False, revoked_at__isnull=True, ends_at__gt=utc_now())
    for row in rows:
        entry = GrantEntry(
            subject=row.subject, amount=row.amount, starts_at=row.starts_at, ends_at=row.ends_at
        )
        found[row.rate_limit_id or 0].append(entry)
    return found
