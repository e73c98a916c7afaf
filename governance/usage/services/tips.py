"""Finds what would save a team money, in its own calls of the last days: each tip with its evidence, none without."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import Team
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip, UsageDay
from kernel.money import format_usd

DAYS = 7
_A_MONTH = 30 / DAYS
_MIN_NANOS = 10_000_000
"""A tip worth less than a cent a month is none."""

_SCOPE = """
WITH calls AS MATERIALIZED (
    SELECT r.*, coalesce(nullif(r.feature, ''), 'no feature') AS shown FROM governance_auditrecord r
    WHERE r.call_id >= %(since)s AND r.team_id = %(team)s
)"""
# The prices are the catalogue's, which this layer does not know; their rows are.
_CACHEABLE = """, prefixes AS (
    SELECT c.application_id, c.route, c.prefix_digest, count(*) AS number, max(c.prefix_tokens) AS tokens,
           min(p.input_rate - p.cache_read_rate) AS saved, min(coalesce(p.cache_write_rate, p.input_rate) - p.input_rate) AS dearer,
           count(DISTINCT date_trunc('hour', c.started_at)) AS hours
    FROM calls c JOIN gateway_price p ON p.id = c.price_id
    WHERE c.prefix_tokens >= 1024 AND c.cache_read_tokens = 0 AND c.status = 'succeeded' AND p.cache_read_rate IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(*) >= 20
)
SELECT a.name, x.route, x.number, x.tokens,
       (((x.number - x.hours) * x.tokens * x.saved - x.hours * x.tokens * x.dearer) / 1000000)::bigint AS saving
FROM prefixes x LEFT JOIN accounts_application a ON a.id = x.application_id ORDER BY saving DESC LIMIT 3"""
_REPEATED = """, repeats AS (
    SELECT application_id, route, count(*) AS number, sum(cost_nanos) - max(cost_nanos) AS saving FROM calls
    WHERE prompt_digest <> '' AND status = 'succeeded'
    GROUP BY application_id, route, prompt_digest HAVING count(*) > 1
)
SELECT a.name, x.route, sum(x.number - 1)::bigint, sum(x.saving)::bigint AS saving
FROM repeats x LEFT JOIN accounts_application a ON a.id = x.application_id
GROUP BY 1, 2 ORDER BY saving DESC LIMIT 3"""
_HEAD_ROOM = """
SELECT a.name, c.route, count(*), percentile_disc(0.99) WITHIN GROUP (ORDER BY c.output_tokens) AS longest,
       avg(c.max_tokens)::int AS allowed, (avg(c.reserved_nanos) - avg(c.cost_nanos))::bigint AS held
FROM calls c LEFT JOIN accounts_application a ON a.id = c.application_id
WHERE c.status = 'succeeded' AND c.max_tokens > 0 GROUP BY 1, 2
HAVING count(*) >= 50 AND avg(c.max_tokens) > 4 * percentile_disc(0.99) WITHIN GROUP (ORDER BY c.output_tokens)
ORDER BY held DESC LIMIT 3"""
_CHEAPER = """, models AS (
    SELECT shown, route, count(*) AS number, sum(cost_nanos) / count(*) AS each FROM calls
    WHERE status = 'succeeded' GROUP BY 1, 2 HAVING count(*) >= 20
)
SELECT dear.shown, dear.route, cheap.route, dear.number, ((dear.each - cheap.each) * dear.number)::bigint AS saving
FROM models dear JOIN models cheap ON cheap.shown = dear.shown AND cheap.each * 2 < dear.each
ORDER BY saving DESC LIMIT 3"""
_WASTED = """
SELECT a.name, c.status, count(*), sum(c.cost_nanos)::bigint FROM calls c
LEFT JOIN accounts_application a ON a.id = c.application_id
WHERE c.status IN ('failed', 'expired', 'cancelled') AND c.cost_nanos > 0 GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 3"""


def refresh_tips(*, now: datetime) -> int:
    """Looks anew for each team that has called in the last days; how many tips there are."""
    since = now - timedelta(days=DAYS)
    active = (
        UsageDay.objects.filter(day__gte=since.date())
        .exclude(team_id=0)
        .values_list("team_id", flat=True)
        .distinct()
    )
    teams = Team.objects.filter(pk__in=list(active))
    found = [tip for team in teams for tip in _of_team(team, now=now)]
    with transaction.atomic():
        Tip.objects.all().delete()
        Tip.objects.bulk_create(found)
    return len(found)


def _of_team(team: Team, *, now: datetime) -> list[Tip]:
    values: Any = {"since": first_id_at(now - timedelta(days=DAYS)), "team": team.pk}
    found: list[Tip] = []
    with connection.cursor() as cursor:
        for query, tip in (
            (_CACHEABLE, _cacheable), (_REPEATED, _repeated), (_HEAD_ROOM, _head_room), (_CHEAPER, _cheaper), (_WASTED, _wasted),
        ):  # fmt: skip
            cursor.execute(_SCOPE + query, values)
            found += [tip(*row) for row in cursor.fetchall()]
    for each in found:
        each.team = team
    return [tip for tip in found if tip.saving_nanos >= _MIN_NANOS or tip.kind == "head_room"]


def _month(nanos: Any) -> int:
    return round(int(nanos or 0) * _A_MONTH)


def _cacheable(name: str, route: str, number: int, tokens: int, saving: int) -> Tip:
    return Tip(
        kind="cacheable",
        title=f"Cache the prompt's beginning of {name} on {route}",
        text=f"{number:,} calls of the last {DAYS} days began with the same {tokens:,} tokens of tools and system prompt, none "
        "from the prompt cache. Set a cache point after them.",
        saving_nanos=_month(saving),
    )


def _repeated(name: str, route: str, number: int, saving: int) -> Tip:
    return Tip(
        kind="repeated",
        title=f"{name} asks {route} the same again",
        text=f"{number:,} calls of the last {DAYS} days were sent before word for word. Keep the answers where they may be reused.",
        saving_nanos=_month(saving),
    )


def _head_room(name: str, route: str, number: int, longest: int, allowed: int, held: int) -> Tip:
    return Tip(
        kind="head_room",
        title=f"Lower max_tokens of {name} on {route}",
        text=f"99 of 100 answers had up to {longest:,} tokens, and {allowed:,} were allowed: each call holds about "
        f"{format_usd(held)} of its budgets in vain while it runs. {max(64, 2 * longest):,} would do.",
        saving_nanos=0,
    )


def _cheaper(feature: str, dear: str, cheap: str, number: int, saving: int) -> Tip:
    return Tip(
        kind="cheaper_model",
        title=f"Try {cheap} for all of {feature}",
        text=f"{cheap} already answers calls of {feature}, at less than half of what {dear} costs a call. {number:,} calls of the "
        f"last {DAYS} days went to {dear}. Compare their answers.",
        saving_nanos=_month(saving),
    )


def _wasted(name: str, status: str, number: int, cost: int) -> Tip:
    return Tip(
        kind="wasted",
        title=f"{name} pays for {status} calls",
        text=f"{number:,} {status} calls of the last {DAYS} days cost money and gave no whole answer. Look at them in Calls.",
        saving_nanos=_month(cost),
    )
