"""What reviewers say of pairs, and what follows: the counts that a route's bound is kept by, and entries that are barred."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from accounts.models import User
from gateway.cache.models import CacheEntry, CacheEvidence, CachePair

_SAME, _DIFFERENT = CachePair.Label.SAME, CachePair.Label.DIFFERENT
EFFECTIVELY_DIFFERENT = Q(label=_DIFFERENT) | Q(label="", outcome=CachePair.Outcome.DIFFERENT)
"""Pairs whose answer was wrong: what a person said comes before what was measured."""


def label(*, pair: CachePair, label: str, by: User, now: datetime) -> CachePair:
    """Sets what a person says of a pair, or takes it back with "": on the trail, and in the evidence in the same moment.

    An entry that was wrong for a similar question is given for the same one alone from now on.
    """
    said = CachePair.Label(label)
    with transaction.atomic():
        _lock(pair)
        found = CachePair.objects.select_for_update(of=("self",)).get(pk=pair.pk)
        before = _counts(found)
        found.label = said
        found.labelled_by, found.labelled_at = (by, now) if said else (None, None)
        found.save(update_fields=("label", "labelled_by", "labelled_at"))
        after = _counts(found)
        after.subtract(before)
        _adjust(found, after, now=now)
        _bar(found)
        text = f"Labelled: {said.label}." if said else "Label taken back."
        LogEntry.objects.log_actions(by.pk, [found], CHANGE, text, single_object=True)
    return found


def _lock(pair: CachePair) -> None:
    """Evidence, then entries, then pairs: in the order of gateways that judge, and of purges."""
    CacheEvidence.objects.get_or_create(**_evidence(pair))
    CacheEvidence.objects.select_for_update(of=("self",)).get(**_evidence(pair))
    list(_known(pair).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _evidence(pair: CachePair) -> dict[str, Any]:
    return {"team_id": pair.team_id, "route": pair.route, "prompt_id": pair.prompt_id or 0}


def _known(pair: CachePair) -> "QuerySet[CacheEntry]":
    """Entries of the question that was known, which may have another answer by now."""
    same = Q(
        team=pair.team_id, route=pair.route, prompt=pair.prompt_id, question=pair.known, scope__isnull=False
    )
    return CacheEntry.objects.filter(same | Q(pk=pair.entry_id))


def _counts(pair: CachePair) -> Counter[str]:
    """What a pair adds to the evidence."""
    verdict = pair.label or pair.outcome
    if verdict == CachePair.Outcome.UNSURE:
        return Counter(unsure=1)
    return Counter(judged=1, wrong=int(verdict == _DIFFERENT))


def _adjust(pair: CachePair, change: Counter[str], *, now: datetime) -> None:
    if not any(change.values()):
        return
    changes = {name: Greatest(F(name) + Value(by), Value(0)) for name, by in change.items() if by}
    CacheEvidence.objects.filter(**_evidence(pair)).update(**changes, updated_at=now)


def _bar(pair: CachePair) -> None:
    """By the question that was known, whatever its answer is by now: it was taken for one that it is not."""
    same = CachePair.objects.filter(
        team=pair.team_id, route=pair.route, prompt=pair.prompt_id, known=pair.known
    )
    _known(pair).update(is_barred=same.filter(EFFECTIVELY_DIFFERENT).exists())
