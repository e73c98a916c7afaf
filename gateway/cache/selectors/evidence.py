"""What is known of how right answers to similar questions were, by route; and how routes stand by it."""

from dataclasses import dataclass
from typing import Any

from gateway.cache.models import CacheEvidence
from gateway.cache.policy.bound import Evidence
from gateway.cache.policy.standing import Standing, standing
from gateway.catalogue.cache_rules import cache_rules
from gateway.catalogue.selectors import cache_rule_entries
from prompts.registry.models import Prompt

MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class RouteEvidence:
    """Of a team's route, or of one prompt at it. `prompt` is its name; empty: calls of none."""

    team_id: int
    team: str
    route: str
    prompt_id: int | None
    prompt: str
    judged: int
    wrong: int
    unsure: int
    standing: Standing


def evidence(who: Any, *, team: int | None = None) -> list[RouteEvidence]:
    """Of the teams that somebody sees, those with the most judged answers first."""
    rows = CacheEvidence.objects.visible_to(who).select_related("team").order_by("-judged", "route", "pk")
    if team is not None:
        rows = rows.filter(team=team)
    found = list(rows[:MAX_ROWS])
    names = dict(Prompt.objects.filter(pk__in={row.prompt_id for row in found}).values_list("pk", "name"))
    rules = cache_rules(cache_rule_entries())
    return [
        RouteEvidence(
            team_id=row.team_id,
            team=row.team.name,
            route=row.route,
            prompt_id=row.prompt_id or None,
            prompt=names.get(row.prompt_id, f"prompt {row.prompt_id}") if row.prompt_id else "",
            judged=row.judged,
            wrong=row.wrong,
            unsure=row.unsure,
            standing=standing(
                rules.rule_of(team_id=row.team_id, route=row.route, prompt_id=row.prompt_id),
                Evidence(served=max(row.judged, row.wrong), wrong=row.wrong),
            ),
        )
        for row in found
    ]
