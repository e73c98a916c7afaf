"""Reading reviews of calls, and feedback."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Lookup, OuterRef, Q, QuerySet, Subquery, TextChoices

from accounts.access.principals import has_capability
from accounts.models import Team, User
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord
from governance.reviews.models import NEGATIVE, CallReview, Feedback

_STANDING = CallReview.objects.filter(replaced_at=None)
_OF_CALL = _STANDING.filter(call_id=OuterRef("pk"))


class Reviewed(TextChoices):
    """Calls by their review; a verdict of a review is one more way to choose them."""

    FLAGGED = "flagged", "Flagged for review"
    WAITING = "waiting", "Flagged, not reviewed yet"
    ANY = "reviewed", "Reviewed"


CHOICES: tuple[tuple[str, str], ...] = (
    *((value, str(label)) for value, label in Reviewed.choices),
    *((value, f"Reviewed: {label[:1].lower()}{label[1:]}") for value, label in CallReview.Verdict.choices),
)


def by_review(calls: QuerySet[AuditRecord], choice: str, *, user: User) -> QuerySet[AuditRecord]:
    """The calls of one of CHOICES, verdicts being those of teams whose content the person may read; all for any other."""
    match choice:
        case Reviewed.FLAGGED:
            return calls.filter(is_flagged=True)
        case Reviewed.WAITING:
            return calls.filter(~Exists(_OF_CALL), is_flagged=True)
        case Reviewed.ANY:
            return _among(calls, _STANDING.filter(team__in=_readable(user)))
        case _ if choice in CallReview.Verdict:
            return _among(calls, _STANDING.filter(team__in=_readable(user), verdict=choice))
        case _:
            return calls


def _among(calls: QuerySet[AuditRecord], reviews: QuerySet[CallReview]) -> QuerySet[AuditRecord]:
    # Reviews are few and calls are many. Postgres would go through the latest calls, in the hope of some that are
    # reviewed; an array makes it begin with the reviews.
    return calls.filter(_AnyOf(F("call_id"), ArraySubquery(reviews.order_by().values("call_id"))))


class _AnyOf(Lookup):
    """A value is one of an array's, in the database's own words: Django would make a subquery of it."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, of_left = self.process_lhs(compiler, connection)
        right, of_right = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", (*of_left, *of_right)


def _readable(user: User) -> list[int]:
    return list(Team.objects.visible_to(user, Capability.VIEW_CONTENT).values_list("pk", flat=True))


def with_verdict(calls: QuerySet[AuditRecord], *, user: User) -> QuerySet[Any]:
    """Calls with the `verdict` of the review that stands; None where there is none, or none for this person."""
    verdict = _OF_CALL.filter(team__in=_readable(user)).values("verdict")[:1]
    return calls.annotate(verdict=Subquery(verdict))


def current_reviews(call_ids: Iterable[UUID]) -> dict[UUID, CallReview]:
    """The review that stands, by call."""
    rows = CallReview.objects.filter(call_id__in=list(call_ids), replaced_at=None)
    return {row.call_id: row for row in rows}


def reviews_of(call: AuditRecord) -> QuerySet[CallReview]:
    """All reviews of a call, the latest, which stands, first."""
    return CallReview.objects.filter(call_id=call.pk, team=call.team_id)


def may_review_calls(user: User, call: AuditRecord) -> bool:
    """Whether a person may say what is wrong with a call; one of no team has nobody to say it."""
    return call.team_id is not None and has_capability(user, Capability.REVIEW_CALLS, call.team_id)


def next_waiting(user: User, *, before: UUID) -> AuditRecord | None:
    """The next call, from the latest to the oldest and round again, that is flagged and waits for this person."""
    teams = Team.objects.visible_to(user, Capability.REVIEW_CALLS).values_list("pk", flat=True)
    calls = by_review(AuditRecord.objects.filter(team__in=list(teams)), Reviewed.WAITING, user=user).order_by(
        "-pk"
    )
    return calls.filter(pk__lt=before).first() or calls.exclude(pk=before).first()


_LATEST = 5_000
"""Prompts to filter by are those that the latest so many pieces of feedback are about."""
_CALL = AuditRecord.objects.filter(pk=OuterRef("call_id"))


def content_teams(user: User) -> frozenset[int]:
    """The teams whose comments, like all that was said in their calls, a person may read."""
    return frozenset(Team.objects.visible_to(user, Capability.VIEW_CONTENT).values_list("pk", flat=True))


def with_calls(rows: QuerySet[Feedback]) -> QuerySet[Any]:
    """Feedback with its call's prompt, version and application, each None where there is none."""
    facts = {
        "prompt_name": "prompt_name", "prompt_version": "prompt_version", "application_name": "application__name",
    }  # fmt: skip
    return rows.annotate(**{name: Subquery(_CALL.values(column)[:1]) for name, column in facts.items()})


def about(rows: QuerySet[Feedback], **of_call: int) -> QuerySet[Feedback]:
    """Feedback about calls with these columns, such as `prompt_id=3`."""
    return rows.filter(Exists(_CALL.filter(**of_call)))


def negative(rows: QuerySet[Feedback], *, is_negative: bool = True) -> QuerySet[Feedback]:
    """Feedback that says that an answer was not helpful, by word or by a low score; or all other."""
    return rows.filter(NEGATIVE) if is_negative else rows.filter(~NEGATIVE | Q(helpful=True))


def prompts_of(rows: QuerySet[Feedback]) -> list[tuple[int, str]]:
    """Id and name of the prompts that the latest feedback is about, by name."""
    latest = rows.order_by("-pk").values("call_id")[:_LATEST]
    calls = AuditRecord.objects.filter(pk__in=Subquery(latest), prompt_id__isnull=False).order_by()
    found = {(int(pk or 0), name) for pk, name in calls.values_list("prompt_id", "prompt_name").distinct()}
    return sorted(found, key=lambda each: each[1])
