"""Prompts and routes that are asked the same again, played against a cache that is not there: what it would have saved."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse

from accounts.models import Team
from gateway.catalogue.cache_rules import cache_rules
from gateway.catalogue.models import Route
from gateway.catalogue.selectors import cache_rule_entries
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip
from governance.usage.services.tips import DAYS
from kernel.money import format_usd

MIN_NANOS = 100_000_000
"""Ten cents a month: below it a rule is hardly worth its reading."""
MAX_TIPS = 3
# Of equal calls those less than a day apart are a chain, which is cut into days from its first call on: of each day the dearest call
# asked the model, and the others would have been answered. A cache does no worse, for its day begins with the call that missed.
_REPEATS = """
WITH calls AS (
    SELECT prompt_id, prompt_name, route, prompt_digest, cost_nanos, started_at,
           started_at - lag(started_at) OVER equal < interval '24 hours' AS is_near
    FROM governance_auditrecord
    WHERE call_id >= %(since)s AND team_id = %(team)s AND status = 'succeeded' AND prompt_digest <> '' AND route <> ''
    WINDOW equal AS (PARTITION BY route, prompt_id, prompt_digest ORDER BY started_at)
), chains AS (
    SELECT *, count(*) FILTER (WHERE is_near IS NOT TRUE) OVER (PARTITION BY route, prompt_id, prompt_digest ORDER BY started_at) AS chain
    FROM calls
), days AS (
    SELECT *, floor(extract(epoch FROM started_at - min(started_at) OVER (PARTITION BY route, prompt_id, prompt_digest, chain)) / 86400) AS day
    FROM chains
), kept AS (
    SELECT prompt_id, max(prompt_name) AS prompt, route, count(*) AS number, sum(cost_nanos) - max(cost_nanos) AS saving
    FROM days GROUP BY prompt_id, route, prompt_digest, chain, day
)
SELECT prompt_id, max(prompt), route, sum(number)::bigint, sum(number - 1)::bigint, sum(saving)::bigint AS saving
FROM kept GROUP BY prompt_id, route HAVING sum(saving) >= %(least)s ORDER BY saving DESC"""


def cache_tips(team: Team, now: datetime) -> list[Tip]:
    """The dearest of what no cache rule holds for."""
    values: Any = {"since": first_id_at(now - timedelta(days=DAYS)), "team": team.pk, "least": MIN_NANOS}
    with connection.cursor() as cursor:
        cursor.execute(_REPEATS, values)
        rows = cursor.fetchall()
    rules = cache_rules(cache_rule_entries())
    open_ = [row for row in rows if not rules.rule_of(team_id=team.pk, route=row[2], prompt_id=row[0] or 0)]
    return [_tip(team, *row) for row in open_[:MAX_TIPS]]


def _tip(
    team: Team, prompt_id: int | None, prompt: str, route: str, number: int, hits: int, saving: int
) -> Tip:
    what = f"The prompt {prompt} on {route}" if prompt else route
    asked: dict[str, Any] = {"team": team.pk, "name": f"{team.name}: {prompt or route}"[:100]}
    if prompt_id is not None:
        asked["prompt"] = prompt_id
    elif named := Route.objects.filter(name=route).first():
        asked["route"] = named.pk
    return Tip(
        kind="repeated",
        title=f"{what} would save {format_usd(saving)} a month with a cache",
        text=f"{hits:,} of {number:,} calls of the last {DAYS} days asked, word for word, what had been answered within a day.",
        how="Make a cache rule. Questions in other words and slots come on top.",
        link=f"{reverse('admin:gateway_cacherule_add')}?{urlencode(asked)}",
        calls=hits,
        saving_nanos=saving,
    )
