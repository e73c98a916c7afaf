"""A cheaper model for the same task: one that a test set or people say does as well, or one that is worth a try."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse

from accounts.models import Team
from gateway.catalogue.policy import cost
from gateway.costs.policy.choice import Choice
from gateway.costs.policy.scenario import ImpossibleScenarioError
from gateway.costs.selectors.price_lists import price_lists
from gateway.events import Usage
from governance.records.selectors.calls import first_id_at
from governance.usage.models import Tip
from governance.usage.services.tips import DAYS
from prompts.evaluations.models import Evaluation, EvaluationState, TestSet
from prompts.evaluations.selectors.evaluations import has_passed

MIN_CALLS = 20
MAX_TIPS = 4
"""Of models that serve a feature already."""
MIN_VOTES = 10
"""Of each model, before feedback says anything."""
ALMOST = 0.02
"""How much less helpful, as a part of all votes, a cheaper model may be to pass for as good."""
_TASKS = """
SELECT coalesce(nullif(c.feature, ''), 'no feature'), c.route, count(*), sum(c.cost_nanos)::bigint,
       count(f.call_id) FILTER (WHERE f.helpful), count(f.call_id) FILTER (WHERE f.helpful IS NOT NULL)
FROM governance_auditrecord c LEFT JOIN governance_feedback f ON f.call_id = c.call_id
WHERE c.call_id >= %(since)s AND c.team_id = %(team)s AND c.status = 'succeeded' AND c.route <> ''
GROUP BY 1, 2 HAVING count(*) >= %(least)s"""
_PROMPTS = """
SELECT prompt_id, prompt_name, route, count(*), sum(cost_nanos)::bigint, sum(input_tokens)::bigint, sum(output_tokens)::bigint,
       sum(cache_read_tokens)::bigint, sum(cache_write_tokens)::bigint
FROM governance_auditrecord
WHERE call_id >= %(since)s AND team_id = %(team)s AND status = 'succeeded' AND prompt_id IS NOT NULL AND route <> ''
GROUP BY 1, 2, 3 HAVING count(*) >= %(least)s"""


@dataclass(frozen=True, slots=True)
class Task:
    """What one model did of a feature."""

    feature: str
    route: str
    calls: int
    cost_nanos: int
    helpful: int
    votes: int

    @property
    def each(self) -> int:
        return self.cost_nanos // self.calls

    @property
    def share(self) -> float:
        return self.helpful / self.votes if self.votes else 0.0


def model_tips(team: Team, now: datetime) -> list[Tip]:
    """The most that is to be saved, first what is shown."""
    values: Any = {"since": first_id_at(now - timedelta(days=DAYS)), "team": team.pk, "least": MIN_CALLS}
    with connection.cursor() as cursor:
        cursor.execute(_TASKS, values)
        tasks = [Task(*row) for row in cursor.fetchall()]
        cursor.execute(_PROMPTS, values)
        of_prompts = cursor.fetchall()
    tips = [tip for row in of_prompts if (tip := _by_tests(team, now, *row)) is not None]
    found: list[Tip] = []
    for dear in tasks:
        others = [cheap for cheap in tasks if cheap.feature == dear.feature and cheap.each * 2 < dear.each]
        each = [_by_calls(team, dear, cheap) for cheap in others]
        # One for each task: what is shown comes before what would save more.
        each.sort(key=lambda tip: (tip.is_shown, tip.saving_nanos), reverse=True)
        found += each[:1]
    found.sort(key=lambda tip: tip.saving_nanos, reverse=True)
    return tips + found[:MAX_TIPS]


def _by_calls(team: Team, dear: Task, cheap: Task) -> Tip:
    """A model that answers calls of the feature already; as good where people's votes say so."""
    enough = dear.votes >= MIN_VOTES and cheap.votes >= MIN_VOTES
    is_shown = enough and cheap.share >= dear.share - ALMOST
    text = (
        f"{cheap.route} already answers calls of {dear.feature}, at less than half of what {dear.route} costs a call. {dear.calls:,} calls of "
        f"the last {DAYS} days went to {dear.route}."
    )
    if enough:
        text += (
            f" {cheap.share:.0%} of its answers were said to be helpful, {dear.share:.0%} of the dearer ones."
        )
    else:
        text += " Nothing shows yet that its answers are as good."
    return Tip(
        kind="right_model" if is_shown else "cheaper_model",
        title=f"{'Use' if is_shown else 'Try'} {cheap.route} for all of {dear.feature}",
        text=text,
        how="Have callers ask for it."
        if is_shown
        else "Compare their answers: run a test set over both models.",
        link=reverse("admin:gateway_route_changelist") + f"?{urlencode({'q': cheap.route})}"
        if is_shown
        else _evaluation_of(team),
        calls=dear.calls,
        is_shown=is_shown,
        saving_nanos=dear.cost_nanos - cheap.each * dear.calls,
    )


def _by_tests(
    team: Team, now: datetime, prompt_id: int, name: str, route: str, calls: int, paid: int, *tokens: int
) -> Tip | None:
    """The cheapest model with which the prompt's test sets passed, priced at the tokens of these calls."""
    usage = Usage(input=tokens[0], output=tokens[1], cache_read=tokens[2], cache_write=tokens[3])
    best: tuple[int, str, Evaluation] | None = None
    runs = Evaluation.objects.filter(
        test_set__prompt=prompt_id, test_set__team=team, state=EvaluationState.FINISHED
    )
    seen: set[str] = set()
    for run in runs.select_related("test_set").order_by("-id")[:20]:
        for place, candidate in enumerate(run.candidates):
            model = candidate.get("model") or ""
            if not model or model == route or model in seen:
                continue
            seen.add(model)  # its last run counts
            if not has_passed(run, place) or (would := _priced(model, usage, calls, now)) is None:
                continue
            if would < paid and (best is None or would < best[0]):
                best = (would, model, run)
    if best is None:
        return None
    would, model, run = best
    return Tip(
        kind="right_model",
        title=f"Use {model} for the prompt {name}",
        text=f"With {model} the test set “{run.test_set.name}” passes (run {run.pk}). {calls:,} calls of the last {DAYS} days went to {route}; "
        "at the other's price the same tokens cost less.",
        how="Make a draft of the prompt with this model, and submit it.",
        link=reverse("admin:prompts_prompt_change", args=[prompt_id]),
        calls=calls,
        saving_nanos=paid - would,
    )


def _priced(model: str, usage: Usage, calls: int, now: datetime) -> int | None:
    """What so many tokens cost at a route, by its usual rates: sums do not tell the length of a single prompt."""
    try:
        first = price_lists(Choice(routes=(model,), with_batch=False, with_direct=False), now=now)[0]
    except ImpossibleScenarioError:
        return None
    plain = type(first.price)(valid_from=first.price.valid_from, valid_until=None, rates=first.price.rates)
    return cost(plain, usage) + first.price.request * calls


def _evaluation_of(team: Team) -> str:
    """Where both models can be compared: the team's test set, or a new one."""
    test_set = TestSet.objects.filter(team=team).order_by("-id").first()
    if test_set is None:
        return reverse("admin:prompts_testset_add")
    return reverse("admin:prompts_testset_run", args=[test_set.pk])
