"""Finds what would save a team money, in its own calls of the last days: each tip with its evidence, none without."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from accounts.models import Team
from governance.records.models import AuditRecord
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip
from kernel.money import format_usd

DAYS = 30
_MIN_NANOS = 10_000_000
"""A tip worth less than a cent a month is none."""

_SCOPE = """
WITH calls AS MATERIALIZED (
    SELECT r.*, coalesce(nullif(r.feature, ''), 'no feature') AS shown FROM governance_auditrecord r
    WHERE r.call_id >= %(since)s AND r.team_id = %(team)s
)"""
# The prices are the catalogue's, which this layer does not know; their rows are.
_CACHEABLE = """, prefixes AS (
    SELECT s.application_id, s.route, s.prefix_digest, count(*) AS number, max(s.prefix_tokens) AS tokens,
           min(p.input_rate - p.cache_read_rate) AS saved, min(coalesce(p.cache_write_rate, p.input_rate) - p.input_rate) AS dearer,
           count(*) FILTER (WHERE s.is_first) AS written
    FROM (
        SELECT c.*, coalesce(c.started_at - lag(c.started_at) OVER (
            PARTITION BY c.application_id, c.route, c.prefix_digest ORDER BY c.started_at) > interval '5 minutes', true) AS is_first
        FROM calls c WHERE c.prefix_tokens >= 1024 AND c.cache_read_tokens = 0 AND c.status = 'succeeded'
    ) s JOIN gateway_price p ON p.id = s.price_id
    WHERE p.cache_read_rate IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(*) >= 20
)
SELECT a.name, x.route, x.number, x.tokens,
       (((x.number - x.written) * x.tokens * x.saved - x.written * x.tokens * x.dearer) / 1000000)::bigint AS saving
FROM prefixes x LEFT JOIN accounts_application a ON a.id = x.application_id ORDER BY saving DESC LIMIT 3"""
_HEAD_ROOM = """, rooms AS (
    SELECT application_id, route, count(*) AS number, percentile_disc(0.99) WITHIN GROUP (ORDER BY output_tokens) AS longest,
           avg(max_tokens)::int AS allowed, (avg(reserved_nanos) - avg(cost_nanos))::bigint AS held
    FROM calls WHERE status = 'succeeded' AND max_tokens > 0 GROUP BY 1, 2
    HAVING count(*) >= 50 AND avg(max_tokens) > 4 * percentile_disc(0.99) WITHIN GROUP (ORDER BY output_tokens)
)
SELECT a.name, r.route, r.number, r.longest, r.allowed, r.held, coalesce((
    SELECT sum((c.output_tokens - greatest(64, 2 * r.longest)) * p.output_rate / 1000000) FROM calls c JOIN gateway_price p ON p.id = c.price_id
    WHERE c.application_id = r.application_id AND c.route = r.route AND c.output_tokens > greatest(64, 2 * r.longest)), 0)::bigint AS runaways
FROM rooms r LEFT JOIN accounts_application a ON a.id = r.application_id ORDER BY r.held DESC LIMIT 3"""
_WASTED = """
SELECT a.name, c.status, count(*), sum(c.cost_nanos)::bigint FROM calls c
LEFT JOIN accounts_application a ON a.id = c.application_id
WHERE c.status IN ('failed', 'expired', 'cancelled') AND c.cost_nanos > 0 GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 3"""


_MAX_TITLE = _MAX_LINK = 500
Finder = Callable[[Team, datetime], list[Tip]]
_finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Adds a source of tips of a team, from its calls of the last thirty days: whoever knows prices and prompts has some."""
    if finder not in _finders:
        _finders.append(finder)


def refresh_tips(*, now: datetime) -> int:
    """Looks anew for each team that has called in the last days; how many tips there are."""
    first = first_id_at(now - timedelta(days=DAYS))
    called = AuditRecord.objects.order_by().filter(team=OuterRef("pk"), pk__gte=first)
    found = [tip for team in Team.objects.filter(Exists(called)) for tip in _of_team(team, now=now)]
    with transaction.atomic():
        Tip.objects.all().delete()
        Tip.objects.bulk_create(found)
    return len(found)


def _of_team(team: Team, *, now: datetime) -> list[Tip]:
    values: Any = {"since": first_id_at(now - timedelta(days=DAYS)), "team": team.pk}
    found: list[Tip] = []
    with connection.cursor() as cursor:
        for query, tip in (
            (_CACHEABLE, _cacheable), (_HEAD_ROOM, _head_room), (_WASTED, _wasted),
        ):  # fmt: skip
            cursor.execute(_SCOPE + query, values)
            found += [tip(*row) for row in cursor.fetchall()]
    found += [tip for finder in _finders for tip in finder(team, now)]
    for each in found:
        each.team = team
        _fit(each)
    return [tip for tip in found if tip.saving_nanos >= _MIN_NANOS or tip.kind == "head_room"]


def _fit(tip: Tip) -> None:
    """Names in any script may be long, and longer in an address: a tip that did not fit would lose those of all teams."""
    tip.title = tip.title if len(tip.title) <= _MAX_TITLE else f"{tip.title[: _MAX_TITLE - 1]}…"
    if len(tip.link) > _MAX_LINK:
        tip.link = tip.link.partition("?")[0]


def _page(name: str, **query: str) -> str:
    return (
        f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"
        if query
        else reverse(f"admin:{name}_changelist")
    )


def _cacheable(name: str, route: str, number: int, tokens: int, saving: int) -> Tip:
    return Tip(
        kind="cacheable",
        title=f"Cache the prompt's beginning of {name} on {route}",
        text=f"{number:,} calls of the last {DAYS} days began with the same {tokens:,} tokens of tools and system prompt, none "
        "from the prompt cache. Counted is what calls within five minutes of each other would have read from it.",
        how="Set a cache point after them, or have Gatehouse set it: “Prompt cache” of the route.",
        link=_page("gateway_route", q=route),
        calls=number,
        saving_nanos=saving,
    )


def _head_room(
    name: str, route: str, number: int, longest: int, allowed: int, held: int, runaways: int
) -> Tip:
    enough = max(64, 2 * longest)
    saved = (
        f" The answers that were longer than {enough:,} tokens all the same cost that much more."
        if runaways
        else ""
    )
    return Tip(
        kind="head_room",
        title=f"Lower max_tokens of {name} on {route}",
        text=f"99 of 100 answers had up to {longest:,} tokens, and {allowed:,} were allowed: each call holds about "
        f"{format_usd(held)} of its budgets in vain while it runs.{saved}",
        how=f"Send max_tokens, or set “Usual max_tokens” of the route: {enough:,} would do.",
        link=_page("gateway_route", q=route),
        calls=number,
        saving_nanos=runaways,
    )


def _wasted(name: str, status: str, number: int, cost: int) -> Tip:
    return Tip(
        kind="wasted",
        title=f"{name} pays for {status} calls",
        text=f"{number:,} {status} calls of the last {DAYS} days cost money and gave no whole answer.",
        how="Look at them in Calls: who leaves early can ask for shorter answers, who times out for a longer deadline.",
        link=_page("governance_auditrecord", status=status),
        calls=number,
        saving_nanos=cost,
    )
