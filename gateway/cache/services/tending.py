"""Lets go of what is over: entries, purges that nothing needs any more, old pairs."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from gateway.cache.models import CacheEntry, CachePair, CachePurge
from gateway.cache.services.clearing import PIECE, clear, drop_pairs, drop_piece, ended_by, without_entries
from gateway.catalogue.models import CacheRule
from kernel.clock import perf_counter

SECONDS = 10.0
"""Then other tasks have their turn; the rest is taken a minute later."""
_LATE = timedelta(hours=2)
"""For so long after a purge an answer that was asked for before it may still be stored: no call lasts longer."""
_PURGES_KEPT = timedelta(days=1)
"""Those by triggers: by then whatever they ended is gone, and nothing that was asked for before them comes any more."""
_PURGES_BY_PEOPLE_KEPT = _PAIRS_KEPT = timedelta(days=90)
_PURGES_AT_A_TIME = 500
_MayGoOn = Callable[[], bool]


def tend(*, now: datetime) -> int:
    """Drops entries that are over, that purges ended, and that are too many; old purges and pairs. How many entries."""
    begun = perf_counter()

    def may_go_on() -> bool:
        return perf_counter() - begun < SECONDS

    number = _drop(CacheEntry.objects.order_by().filter(ends_at__lte=now), may_go_on)
    number += sum(_drop_oldest(each, may_go_on) for each in CacheRule.objects.all() if may_go_on())
    number += sum(clear(each, may_go_on=may_go_on) for each in _open_purges(now) if may_go_on())
    number += _drop_old_purges(now, may_go_on)
    drop_pairs(CachePair.objects.order_by().filter(at__lt=now - _PAIRS_KEPT))
    return number


def _drop(rows: "QuerySet[CacheEntry]", may_go_on: _MayGoOn) -> int:
    number = 0
    while may_go_on():
        dropped = drop_piece(rows)
        number += dropped
        if dropped < PIECE:
            break
    return number


def _open_purges(now: datetime) -> Iterator[CachePurge]:
    """Purges that may have something left, those first that nobody has looked at: of those that name the same the newest, which
    ended all that the others did, and of those by documents the ones that have.

    A document that is written anew page by page leaves hundreds, and a folder that is read anew one for each of its documents.
    """
    same = ("team_id", "prompt_id", "route", "end_user", "uses", "older_than")

    def key(purge: CachePurge) -> tuple[str, ...]:
        return tuple(str(getattr(purge, name)) for name in same)

    found = CachePurge.objects.filter(Q(ended=None) | Q(at__gte=now - _LATE)).order_by("xact_id")
    newest: list[CachePurge] = []
    over: list[int] = []
    for _, several in groupby(sorted(found, key=key), key=key):
        *earlier, last = several
        over += [each.pk for each in earlier if each.ended is None]
        newest.append(last)
    done = without_entries([each for each in newest if each.uses and not each.end_user])
    over += [each.pk for each in newest if each.ended is None and each.pk in done]
    if over:
        CachePurge.objects.filter(pk__in=over).update(ended=0)
    yield from sorted(
        (each for each in newest if each.pk not in done), key=lambda each: each.ended is not None
    )


def _drop_oldest(rule: CacheRule, may_go_on: _MayGoOn) -> int:
    """Of each team's entries under a rule those too many, that served longest ago first."""
    of_rule = CacheEntry.objects.filter(rule=rule).order_by()
    many = of_rule.values("team").annotate(number=Count("pk")).filter(number__gt=rule.max_entries)
    total = 0
    for team, number in many.values_list("team", "number"):
        left = number - rule.max_entries
        rows = of_rule.filter(team=team).order_by(Coalesce("last_hit_at", "created_at"), "pk")
        while left > 0 and may_go_on():
            dropped = drop_piece(rows, at_most=left)
            total, left = total + dropped, left - dropped
            if not dropped:
                break
    return total


def _drop_old_purges(now: datetime, may_go_on: _MayGoOn) -> int:
    """Forgets purges that nothing needs any more, having looked once more that nothing is left of what they ended."""
    over = Q(by=None, at__lt=now - _PURGES_KEPT) | Q(at__lt=now - _PURGES_BY_PEOPLE_KEPT)
    number = 0
    for each in CachePurge.objects.filter(over).order_by("pk")[:_PURGES_AT_A_TIME]:
        if not may_go_on():
            break
        number += clear(each, may_go_on=may_go_on)
        if not ended_by(each).exists():
            each.delete()
    return number
