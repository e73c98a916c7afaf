"""Copies of a route's calls beside the calls themselves, in the decision grid."""

from datetime import datetime
from typing import Any

from django.db.models.fields.json import KT

from gateway.catalogue.models import Route
from gateway.catalogue.routing_rules import DEFAULT_WEIGHTS
from gateway.catalogue.selectors import weights_of
from gateway.catalogue.services.shadow_budgets import shadow_feature
from governance.records.models import AuditRecord
from prompts.evaluations.policy.grid import Grid, Run, Weights, grid_of, summary_of

_MAX_PAIRS = 5000
_ENDS_WELL = ("end_turn", "tool_use", "stop_sequence")
_COLUMNS = ("call_id", "status", "stop_reason", "duration_ms", "cost_nanos", "input_tokens", "output_tokens")


def shadow_grid(who: Any, route: Route, *, since: datetime) -> Grid | None:
    """The newest pairs; None where there are none. An answer passes that ended by itself, within its rules and its contract:
    what it says is compared by a test run, or by people."""
    records = AuditRecord.objects.visible_to(who).filter(started_at__gte=since)
    copies = (
        records.filter(feature=shadow_feature(route.name), checks__has_key="shadow_of")
        .annotate(original=KT("checks__shadow_of"))
        .order_by("-started_at")
        .values_list("original", "route", *_COLUMNS)[:_MAX_PAIRS]
    )
    pairs = {original: rest for original, *rest in copies}
    if not pairs:
        return None
    originals = records.filter(call_id__in=pairs).values_list(*_COLUMNS)
    own, other = [], []
    name = ""
    for row in originals:
        name, *copy = pairs[str(row[0])]
        own.append(_run(str(row[0]), row))
        other.append(_run(str(row[0]), copy))
    if not own:
        return None
    weights = weights_of(route) or DEFAULT_WEIGHTS
    total = weights.cost + weights.quality + weights.latency
    return grid_of(
        [summary_of(route.name, own), summary_of(f"{name} (shadow)", other)],
        Weights(cost=weights.cost / total, quality=weights.quality / total, latency=weights.latency / total),
    )


def _run(case: str, row: Any) -> Run:
    _, status, stop_reason, duration_ms, cost_nanos, input_tokens, output_tokens = row
    is_answer = status == "succeeded"
    return Run(
        case=case,
        passed=is_answer and stop_reason in _ENDS_WELL,
        has_answer=is_answer,
        duration_ms=duration_ms,
        cost_nanos=cost_nanos,
        tokens=input_tokens + output_tokens,
    )
