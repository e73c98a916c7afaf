"""Decisions counted by use case: scores, rules, fall-backs, and answers that broke a rule."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from governance.records.models import AuditRecord

_MAX_ROWS = 100


@dataclass(slots=True)
class UseCase:
    """Of one feature; `score` and `confidence` are means of those calls that were decided by scores."""

    feature: str
    calls: int = 0
    scored: int = 0
    score: float | None = None
    confidence: float | None = None
    fallbacks: int = 0
    retried: int = 0
    unsuitable: int = 0
    violations: int = 0
    rules: dict[str, int] = field(default_factory=dict)


def by_use_case(
    who: Any, *, since: datetime, until: datetime, route: str = "", team: int | None = None
) -> list[UseCase]:
    """Those with the most calls first."""
    rows = AuditRecord.objects.visible_to(who).filter(started_at__gte=since, started_at__lt=until)
    if route:
        rows = rows.filter(route=route)
    if team is not None:
        rows = rows.filter(team=team)
    violated = Q(checks__has_key="violation") | Q(checks__output__has_key="blocked")
    found = (
        rows.order_by()
        .annotate(
            score=Cast(KT("checks__routing__score"), FloatField()),
            confidence=Cast(KT("checks__routing__confidence"), FloatField()),
        )
        .values("feature")
        .annotate(
            calls=Count("pk"),
            scored=Count("score"),
            mean=Avg("score"),
            sure=Avg("confidence", filter=Q(score__isnull=False)),
            fallbacks=Count("pk", filter=Q(checks__routing__has_key="fell_back_to")),
            retried=Count("pk", filter=Q(attempts__gt=1)),
            unsuitable=Count("pk", filter=Q(code="no_suitable_model")),
            violations=Count("pk", filter=violated),
        )
        .order_by("-calls", "feature")[:_MAX_ROWS]
    )
    rules: dict[str, dict[str, int]] = defaultdict(dict)
    ruled = rows.filter(checks__routing__has_key="rule").order_by().annotate(rule=KT("checks__routing__rule"))
    for feature, rule, number in (
        ruled.values("feature", "rule")
        .annotate(number=Count("pk"))
        .values_list(F("feature"), F("rule"), F("number"))
    ):
        rules[feature][rule] = number
    return [
        UseCase(
            feature=each["feature"],
            calls=each["calls"],
            scored=each["scored"],
            score=each["mean"],
            confidence=each["sure"],
            fallbacks=each["fallbacks"],
            retried=each["retried"],
            unsuitable=each["unsuitable"],
            violations=each["violations"],
            rules=rules[each["feature"]],
        )
        for each in found
    ]
