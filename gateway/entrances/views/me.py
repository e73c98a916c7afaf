"""GET /v1/me and /v1/me/usage: what the holder of a key may know by itself, of this key alone."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import OpenAIEntrance
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import BudgetEntry
from gateway.stages.limit_rates import limit_requests
from gateway.steps import identified
from governance.limits.policy.scopes import UNTAGGED, CallFacts
from governance.limits.policy.windows import Window, is_endless, window_of
from governance.limits.services.own_budgets import BudgetLeft, BudgetsUnavailableError
from governance.usage.policy.usage import UsageQuery
from governance.usage.selectors.usage import UsageRow, usage_rows
from kernel.clock import utc_now
from kernel.local_days import day_at, day_begins
from kernel.money import plain_usd

_ENTRANCE = OpenAIEntrance()
_USUAL_DAYS, _MAX_DAYS = 30, 90
_DEADLINE_SECONDS = 10.0
_AT_ONCE = asyncio.Semaphore(2)
"""Reads of usage, each of which takes a thread and a connection."""


class _OwnView(LeanView):
    """What both share: whose key it is, and refusals in OpenAI's shape."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format="openai", parsed=None, body_bytes=0)
        try:
            check_tags(headers_of(scope))
            identified(call, gateway)
            await limit_requests(call, gateway)
            call.admitted_at = utc_now()
            found = await self.found(call, gateway, request)
        except Refusal as refusal:
            return refused(call, _ENTRANCE, refusal)
        return HttpResponse(
            orjson.dumps(found), content_type=JSON, headers=call_headers(call, with_cost=False)
        )

    async def found(self, call: Call, gateway: Gateway, request: HttpRequest) -> dict[str, Any]:
        """The answer."""
        raise NotImplementedError


class MeView(_OwnView):
    """Team, application, models and limits. Of the organisation's limits the names alone: others spend them, too."""

    async def found(self, call: Call, gateway: Gateway, request: HttpRequest) -> dict[str, Any]:
        key = call.key
        return {
            "object": "me",
            "team": {"name": key.team.name},
            "application": {"name": key.application_name},
            "key": {"id": f"gh_{key.key_id}", "expires_at": _moment(key.expires_at)},
            "end_user": call.request.end_user or None,
            "session": call.request.session or None,
            "models": [name for name in gateway.snapshot.route_names if key.may_call(name, call.moment)],
            "budgets": await _budgets(call, gateway),
            "rate_limits": [
                {
                    "name": limit.name,
                    "metric": limit.metric,
                    "limit": limit.limit,
                    "period_seconds": limit.period_seconds or None,
                }
                for limit in key.rate_limits
            ],
        }


class MyUsageView(_OwnView):
    """What this key has used, by day and model, and what is left."""

    async def found(self, call: Call, gateway: Gateway, request: HttpRequest) -> dict[str, Any]:
        days = _days(request.GET.get("days"))
        zone = ZoneInfo(settings.TIME_ZONE)
        rows = await _usage(call, days=days, zone=zone)
        return {
            "object": "usage",
            "time_zone": zone.key,
            "days": days,
            "data": [_row(row) for row in rows],
            "total": {
                "calls": sum(row.sums.calls for row in rows),
                "cost_usd": plain_usd(sum(row.sums.cost_nanos for row in rows)),
            },
            "budgets": await _budgets(call, gateway),
        }


async def _usage(call: Call, *, days: int, zone: ZoneInfo) -> list[UsageRow]:
    today = day_at(call.moment, zone)
    query = UsageQuery(
        since=day_begins(today - timedelta(days=days - 1), zone),
        until=day_begins(today + timedelta(days=1), zone),
        interval="day",
        group_by=("route",),
        teams=frozenset({call.key.team.id}),
        filters={"api_key": call.key.id},
    )
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS), _AT_ONCE:
            return await asyncio.to_thread(_read, query, zone)
    except TimeoutError as error:
        raise Refusal(
            "overloaded", "Usage can't be read right now. Try again shortly.", retry_after=2
        ) from error


def _read(query: UsageQuery, zone: ZoneInfo) -> list[UsageRow]:
    try:
        return usage_rows(query, zone=zone)
    finally:
        connection.close()  # threads of the pool come and go


def _row(row: UsageRow) -> dict[str, Any]:
    return {
        "date": row.starts_at.date().isoformat() if row.starts_at else None,
        "model": row.key[0] or None,
        "calls": row.sums.calls,
        "input_tokens": row.sums.input_tokens,
        "output_tokens": row.sums.output_tokens,
        "cache_read_tokens": row.sums.cache_read_tokens,
        "cost_usd": plain_usd(row.sums.cost_nanos),
    }


def _days(asked: str | None) -> int:
    if asked is None:
        return _USUAL_DAYS
    if not (asked.isascii() and asked.isdecimal()) or not 1 <= int(asked[:4]) <= _MAX_DAYS:
        raise Refusal("invalid_request", f"'days' is a whole number from 1 to {_MAX_DAYS}.", param="days")
    return int(asked)


async def _budgets(call: Call, gateway: Gateway) -> list[dict[str, Any]]:
    """The budgets that calls of this key fall under, with what is left where that is the team's own."""
    windows = {
        budget.id: window
        for budget in call.key.budgets
        if budget.scope.team_id is not None and (window := _window(call, budget)) is not None
    }
    try:
        left = await gateway.own_budgets.read(list(windows.values()))
    except BudgetsUnavailableError as error:
        raise Refusal(
            "overloaded", "Budgets can't be read right now. Try again shortly.", retry_after=2
        ) from error
    return [_told(budget, windows.get(budget.id), left) for budget in call.key.budgets]


def _window(call: Call, budget: BudgetEntry) -> Window | None:
    """The current window that a call with these tags would be counted in; None where the tag is missing, or another's."""
    scope = budget.scope
    facts = CallFacts(
        team_id=call.key.team.id,
        application_id=call.key.application_id,
        api_key_id=call.key.id,
        end_user=call.request.end_user,
        feature=call.request.feature,
        model=scope.model,
        session=call.request.session,
    )
    subject = scope.subject_of(facts)
    if subject is None or subject == UNTAGGED or (scope.per == "model"):
        return None
    return window_of(
        budget_id=budget.id,
        period=budget.period,
        time_zone=budget.time_zone,
        now=call.moment,
        subject=subject,
    )


def _told(budget: BudgetEntry, window: Window | None, left: dict[Window, BudgetLeft]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": budget.name,
        "period": budget.period,
        "for_each": budget.scope.per or None,
    }
    found = left.get(window) if window is not None else None
    if window is None or found is None:
        return told
    return told | {
        "is_hard": found.is_hard,
        "limit_usd": plain_usd(found.limit),
        "spent_usd": plain_usd(found.spent),
        "reserved_usd": plain_usd(found.reserved),
        "left_usd": plain_usd(found.left),
        "resets_at": None if is_endless(window.ends_at) else _moment(window.ends_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
