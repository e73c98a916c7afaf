"""What reviewers say of pairs, and what follows: the counts that a route's bound is kept by, and entries that are barred."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import F, Q, Value
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


def _counts(pair: CachePair) -> Counter[str]:
    """What a pair adds to the evidence."""
    verdict = pair.label or pair.outcome
    if verdict == CachePair.Outcome.UNSURE:
        return Counter(unsure=1)
    return Counter(judged=1, wrong=int(verdict == _DIFFERENT))


def _adjust(pair: CachePair, change: Counter[str], *, now: datetime) -> None:
    if not any(change.values()):
        return
    key: dict[str, Any] = {"team": pair.team, "route": pair.route, "prompt_id": pair.prompt_id or 0}
    CacheEvidence.objects.get_or_create(**key)
    changes = {name: Greatest(F(name) + Value(by), Value(0)) for name, by in change.items() if by}
    CacheEvidence.objects.filter(**key).update(**changes, updated_at=now)


def _bar(pair: CachePair) -> None:
    if pair.entry_id is None:
        return
    wrong = CachePair.objects.filter(EFFECTIVELY_DIFFERENT, entry=pair.entry_id).exists()
    CacheEntry.objects.filter(pk=pair.entry_id).update(is_barred=wrong)
