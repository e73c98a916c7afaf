"""Reading reviews of calls: the one that stands, those before it, and calls by what came of their review."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextChoices

from accounts.models import User
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from governance.models import AuditRecord, CallReview

_STANDING = CallReview.objects.filter(call_id=OuterRef("pk"), replaced_at=None)


class Reviewed(TextChoices):
    """Calls by their review; a verdict of a review is one more way to choose them."""

    FLAGGED = "flagged", "Flagged for review"
    WAITING = "waiting", "Flagged, not reviewed yet"
    ANY = "reviewed", "Reviewed"


CHOICES: tuple[tuple[str, str], ...] = (
    *((value, str(label)) for value, label in Reviewed.choices),
    *((value, f"Reviewed: {label[:1].lower()}{label[1:]}") for value, label in CallReview.Verdict.choices),
)


def by_review(calls: QuerySet[AuditRecord], choice: str) -> QuerySet[AuditRecord]:
    """The calls of one of CHOICES; all for any other."""
    match choice:
        case Reviewed.FLAGGED:
            return calls.filter(is_flagged=True)
        case Reviewed.WAITING:
            return calls.filter(~Exists(_STANDING), is_flagged=True)
        case Reviewed.ANY:
            return calls.filter(Exists(_STANDING))
        case _ if choice in CallReview.Verdict:
            return calls.filter(Exists(_STANDING.filter(verdict=choice)))
        case _:
            return calls


def with_verdict(calls: QuerySet[AuditRecord]) -> QuerySet[Any]:
    """Calls with the `verdict` of the review that stands; None where there is none."""
    return calls.annotate(verdict=Subquery(_STANDING.values("verdict")[:1]))


def standing(call_ids: Iterable[UUID]) -> dict[UUID, CallReview]:
    """The review that stands, by call."""
    rows = CallReview.objects.filter(call_id__in=list(call_ids), replaced_at=None)
    return {row.call_id: row for row in rows}


def reviews_of(call: AuditRecord) -> QuerySet[CallReview]:
    """All reviews of a call, the latest, which stands, first."""
    return CallReview.objects.filter(call_id=call.pk, team=call.team_id)


def may_review(user: User, call: AuditRecord) -> bool:
    """Whether a person may say what is wrong with a call; one of no team has nobody to say it."""
    return teams_with(user, Capability.REVIEW_CALLS).filter(pk=call.team_id or 0).exists()


def next_waiting(user: User, *, before: UUID) -> AuditRecord | None:
    """The next call, from the latest to the oldest and round again, that is flagged and waits for this person."""
    teams = teams_with(user, Capability.REVIEW_CALLS).values_list("pk", flat=True)
    calls = by_review(AuditRecord.objects.filter(team__in=list(teams)), Reviewed.WAITING).order_by("-pk")
    return calls.filter(pk__lt=before).first() or calls.exclude(pk=before).first()
