"""News of models, each told once: to who hears of all teams with everybody it hits, and to each team with its own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.models import Team
from gateway.catalogue.models import Model
from gateway.catalogue.selectors import successor_of, successors
from gateway.discovery.models import EndingUse, FoundKind, ModelNews
from gateway.discovery.policy import AHEAD_DAYS, days_left, hits_text, key_of
from gateway.discovery.selectors.hits import ModelHit, hits_of
from gateway.discovery.services.discover import Noted
from governance.alerts.models import Alert
from governance.alerts.services.alerts import notify

_KEY = 280
_SAME_FOR = timedelta(days=45)
"""For how long the same change in another region is the same news."""
_SHOWN_AFTER = timedelta(days=30)
"""For how long a model that has ended is still counted."""


def tell_found(noted: Noted, *, now: datetime) -> int:
    """News of models that are new, or have changed, in a region; how many. The same of several regions is told once."""
    told = 0
    for row in noted.new:
        if row.kind == FoundKind.FOUNDATION:
            text = f"AWS offers a new model: {row.name} ({row.identifier}), in {row.region}."
            told += _tell(ModelNews.Kind.NEW, row.identifier, text, (), region=row.region, now=now)
    for row, words in noted.changed:
        text = f"{row.name} ({row.identifier}) {', '.join(words)}."
        told += _tell(
            ModelNews.Kind.CHANGED, row.identifier, text, hits_of(row.identifier, now=now), words=words, region=row.region, now=now,
        )  # fmt: skip
    return told


def tell_endings(*, now: datetime) -> int:
    """Counts anew whom the ends of models hit, and tells of those that are near, or past; how many pieces of news."""
    today, told = now.date(), 0
    known = successors(today=today)
    ending = list(
        Model.objects.filter(
            end_of_life__gte=today - _SHOWN_AFTER,
            deployments__isnull=False,
            deployments__provider_account__isnull=True,
        ).distinct()
    )
    hits = {model.model_id: hits_of(model.model_id, now=now) for model in ending}
    _keep(hits)
    for model in ending:
        end = model.end_of_life
        assert end is not None
        left = days_left(end, today)
        if left > AHEAD_DAYS:
            continue
        kind = ModelNews.Kind.ENDED if left < 0 else ModelNews.Kind.ENDING
        text = _ending_text(model, end, left, successor=successor_of(model.model_id, model.successor, known))
        told += _tell(
            kind, model.model_id, text, hits[model.model_id], words=(str(end),), ends_on=end, now=now
        )
    return told


def _ending_text(model: Model, end: date, left: int, *, successor: str) -> str:
    if left < 0:
        text = f"AWS ended {model.name} ({model.model_id}) on {end}."
    else:
        when = "today" if not left else "tomorrow" if left == 1 else f"in {left} days, on {end}"
        text = f"AWS ends {model.name} ({model.model_id}) {when}."
    if left >= 0 and model.extended_from is not None:
        text += f" Extended access, which may cost more, begins on {model.extended_from}."
    return f"{text} Its successor is {successor}." if successor else text


@transaction.atomic
def _keep(hits: dict[str, list[ModelHit]]) -> None:
    EndingUse.objects.all().delete()
    EndingUse.objects.bulk_create(
        EndingUse(
            model_id=model_id,
            team_id=hit.team,
            application_id=hit.application,
            prompt="" if hit.application else hit.name,
            route=hit.route,
            calls=hit.calls,
        )
        for model_id, found in hits.items()
        for hit in found
    )


@transaction.atomic
def _tell(
    kind: ModelNews.Kind,
    model_id: str,
    text: str,
    hits: Sequence[ModelHit],
    *,
    words: Iterable[str] = (),
    region: str = "",
    ends_on: date | None = None,
    now: datetime,
) -> int:
    """One piece of news, with its alerts in the same transaction; 1, or 0 where it has been told.

    All see the news: whom it hits is told to those alone whose it is, and to who hears of all teams.
    """
    key = _untold(kind, key_of(kind, model_id, words)[:_KEY], region, now)
    if key is None:
        return 0
    _, is_new = ModelNews.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind, "model_id": model_id[:200], "region": region, "text": text[:500], "ends_on": ends_on, "created_at": now,
        },
    )  # fmt: skip
    if not is_new:
        return 0
    told = text if kind is ModelNews.Kind.NEW else f"{text} {_whom(hits)}"
    path = reverse("admin:gateway_discovered_changelist")
    path = f"{path}endings/" if ends_on is not None else path
    notify(kind=Alert.Kind.MODEL_NEWS, team=None, text=told, path=path, now=now)
    by_team: dict[int, list[ModelHit]] = defaultdict(list)
    for hit in hits:
        by_team[hit.team].append(hit)
    for team in Team.objects.filter(pk__in=by_team):
        own = f"{text} {_whom(by_team[team.pk])}"
        notify(kind=Alert.Kind.MODEL_NEWS, team=team, text=own, path=path, now=now, to_all=False)
    return 1


def _untold(kind: ModelNews.Kind, key: str, region: str, now: datetime) -> str | None:
    """The key that the news is kept by; None where another region has told it.

    What has changed in a region is told again where it has changed so before: it has changed back in between.
    """
    if kind is not ModelNews.Kind.CHANGED:
        return key
    before = ModelNews.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:"))
    last = before.first()
    if last is None:
        return key
    if last.region != region and last.created_at > now - _SAME_FOR:
        return None
    return f"{key}:{before.count() + 1}"


def _whom(hits: Sequence[ModelHit]) -> str:
    """By application, whatever routes it calls the model by."""
    calls: dict[tuple[int, int], ModelHit] = {}
    for hit in hits:
        if hit.application is not None:
            key = (hit.team, hit.application)
            before = calls[key].calls if key in calls else 0
            calls[key] = ModelHit(
                team=hit.team, application=hit.application, name=hit.name, calls=before + hit.calls
            )
    return hits_text(calls.values(), [hit for hit in hits if hit.application is None])
