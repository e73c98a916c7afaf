"""Pairs in the order in which reviewers want to see them."""

from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.policy.roles import Capability
from gateway.cache.models import CachePair

_RANK = Case(
    When(outcome=CachePair.Outcome.UNSURE, then=Value(0)),
    When(outcome=CachePair.Outcome.DIFFERENT, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def waiting(who: Any, *, team: int | None = None) -> "QuerySet[CachePair]":
    """Pairs without a label that somebody may label: those of which nothing could be told, those measured to be wrong, the rest;
    the latest first."""
    rows = CachePair.objects.changeable_by(who, Capability.REVIEW_CALLS).filter(label="")
    if team is not None:
        rows = rows.filter(team=team)
    return rows.annotate(rank=_RANK).order_by("rank", "-pk")


def next_pair(who: Any, *, team: int | None = None, after: CachePair | None = None) -> CachePair | None:
    """The one to label next, or the next after one that was passed over; None where there is none."""
    rows = waiting(who, team=team)
    if after is not None:
        passed = CachePair.objects.filter(pk=after.pk).annotate(rank=_RANK).get()
        rank: int = passed.rank
        rows = rows.filter(Q(rank__gt=rank) | Q(rank=rank, pk__lt=after.pk))
    return rows.select_related("team", "prompt", "entry").first()
