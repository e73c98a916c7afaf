"""Reviewing calls: what a person found, redacted before it is stored; never over what another has just found."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import Team, User
from accounts.services.root_secret import root_secret
from governance.privacy.policy.masking import Mask
from governance.privacy.selectors import Policies
from governance.privacy.services.trial import try_texts
from governance.records.models import AuditRecord
from governance.records.services import bodies
from governance.reviews.models import CallReview
from governance.reviews.selectors import may_review_calls
from kernel.clock import utc_now
from kernel.errors import ConflictError
from kernel.placeholders import team_key

MAX_NOTE, MAX_EXPECTED = 2_000, 20_000
"""Characters."""


class ReviewedMeanwhileError(ConflictError):
    """Somebody else has reviewed the call since this person looked. The text says who."""

    code = "reviewed_meanwhile"


def review_call(
    call: AuditRecord, *, by: User, verdict: str, note: str, expected: str, instead_of: int | None
) -> CallReview:
    """Puts a review on record, and marks what was said in the call to stay, unless personal data got through.

    `instead_of` is the review that stood when the person looked, None where there was none. Raises PermissionDenied,
    ReviewedMeanwhileError, TrialNamesError (the texts can't be searched for names now), BodiesUnreachableError.
    """
    if not may_review_calls(by, call):
        raise PermissionDenied
    team = Team.objects.get(pk=call.team_id or 0)
    note, expected = _redacted(call, team, (note.strip(), expected.strip()))
    rows = CallReview.objects.filter(call_id=call.pk, replaced_at=None)
    try:
        with transaction.atomic():
            stands = rows.select_for_update().first()
            if (stands.pk if stands else None) != instead_of:
                raise _meanwhile(rows)
            if stands is not None:  # that one alone: another may have come since
                CallReview.objects.filter(pk=stands.pk).update(replaced_at=utc_now())
            made = CallReview.objects.create(
                call_id=call.pk, team=team, reviewer=by, email=by.email, verdict=verdict, note=note, expected=expected
            )  # fmt: skip
            if verdict != CallReview.Verdict.PRIVACY:  # that had better go when its time is over
                bodies.keep(call.pk)
            return made
    except IntegrityError as error:  # two first reviews at once
        raise _meanwhile(rows) from error


def _meanwhile(rows: QuerySet[CallReview]) -> ReviewedMeanwhileError:
    stands = rows.all().first()
    if stands is None:
        return ReviewedMeanwhileError(
            "There is no such review of this call any more. Look again, then save again."
        )
    return ReviewedMeanwhileError(
        f"{stands.email} has reviewed this call meanwhile. Look at that, then save again."
    )


def _redacted(call: AuditRecord, team: Team, texts: Sequence[str]) -> list[str]:
    """The texts as the team's rules let them be kept."""
    if not any(texts):
        return list(texts)
    rules = Policies().of(team.pk, call.application_id)
    # Not the key of its calls: nobody may learn the placeholder of a value by writing it into a note.
    key = team_key(root_secret(), f"review:{team.public_id}")
    found = {trial.text: trial.found for trial in try_texts(rules, texts, is_stored=True)}
    mask = Mask(key=key, rules=rules, find=found.__getitem__)
    return [mask.hide_answer(text) for text in texts]
