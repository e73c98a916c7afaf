"""Takes away what a purge ended. It is given to nobody from the moment the purge is seen: this only tidies up."""

from collections.abc import Callable, Sequence

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from gateway.cache.models import CacheEntry, CachePair, CachePurge

# By the index of what entries use, which is narrower than all else that such a purge may name.
_WITHOUT = """
    SELECT p.id FROM gateway_cachepurge p WHERE p.id = ANY (%s) AND NOT EXISTS (
        SELECT FROM gateway_cacheentry e WHERE e.uses @> ARRAY[p.uses] AND e.seen_xact <= p.xact_id)"""
PIECE = 1000
"""Rows deleted at a time: a lock on them is short, and gateways go on counting hits."""


def ended_by(purge: CachePurge) -> "QuerySet[CacheEntry]":
    """Entries that a purge ended: all it names fits, and they were asked for before it was seen."""
    rows = CacheEntry.objects.order_by().filter(seen_xact__lte=purge.xact_id)
    for name in ("team_id", "prompt_id", "route", "end_user"):
        if value := getattr(purge, name):
            rows = rows.filter(**{name: value})
    if purge.uses:
        rows = rows.filter(uses__contains=[purge.uses])
    return rows if purge.older_than is None else rows.filter(created_at__lt=purge.older_than)


def without_entries(purges: "Sequence[CachePurge]") -> set[int]:
    """Which purges of what documents and the like said have ended nothing that is still there: found at once, for there are many."""
    if not purges:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT, [[each.pk for each in purges]])
        return {pk for (pk,) in cursor.fetchall()}


def pairs_ended_by(purge: CachePurge) -> "QuerySet[CachePair]":
    """Pairs that go along: those of an end user, and a whole team's. What was counted of them stays."""
    rows = CachePair.objects.order_by().filter(at__lt=purge.older_than or purge.at)
    if purge.team_id is not None:
        rows = rows.filter(team=purge.team_id)
    if purge.end_user:
        rows = rows.filter(end_users__contains=[purge.end_user])
        rows = rows.filter(prompt=purge.prompt_id) if purge.prompt_id else rows
        return rows.filter(route=purge.route) if purge.route else rows
    is_whole = purge.team_id is not None and not (purge.prompt_id or purge.route or purge.uses)
    return rows if is_whole else rows.none()


def clear(purge: CachePurge, *, may_go_on: Callable[[], bool]) -> int:
    """Deletes what a purge ended, piece by piece, while it may; how many entries. What is left is taken by `tend`."""
    number = 0
    drop_pairs(pairs_ended_by(purge))
    while may_go_on():
        dropped = drop_piece(ended_by(purge))
        number += dropped
        if dropped < PIECE:
            break
    if number or purge.ended is None:
        ended = Coalesce("ended", 0) + number
        CachePurge.objects.filter(pk=purge.pk).update(ended=ended)
        purge.ended = (purge.ended or 0) + number
    return number


def drop_piece(rows: "QuerySet[CacheEntry]", *, at_most: int = PIECE) -> int:
    """Deletes so many of these entries, a thousand at most, and lets go of them where pairs name them; how many.

    What a gateway is writing to at this moment is left for the next time.
    """
    with transaction.atomic():
        locked = rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
        found = list(locked[: min(at_most, PIECE)])
        if found:
            CachePair.objects.filter(entry__in=found).update(entry=None)
            CacheEntry.objects.filter(pk__in=found)._raw_delete(using=rows.db)
    return len(found)


def drop_pairs(rows: "QuerySet[CachePair]") -> int:
    """Deletes pairs; how many."""
    return rows.delete()[0]
