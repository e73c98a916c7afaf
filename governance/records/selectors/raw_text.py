"""What is known of the raw text of a call, without decrypting it, and who has."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from accounts.access.principals import has_capability
from accounts.models import User
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord, RawAccess, SealedContent, TeamKey
from governance.records.selectors.bodies import stored


class RawState(StrEnum):
    """Whether a call's raw text can be read."""

    NONE = "none"
    SEALED = "sealed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class RawText:
    """What is stored of a call's raw text, and the key that it takes."""

    state: RawState
    sealed: SealedContent | None = None
    key: TeamKey | None = None


def raw_text_of(call: AuditRecord) -> RawText:
    """Whether there is raw text of a call. Raises BodiesUnreachableError."""
    sealed = stored(SealedContent, call.pk)
    if sealed is None:
        return RawText(RawState.NONE)
    key = (
        TeamKey.objects.filter(team_id=sealed.team_id or 0, generation=sealed.generation)
        .select_related("team")
        .first()
    )
    is_readable = key is not None and key.erased_at is None
    return RawText(RawState.SEALED if is_readable else RawState.ERASED, sealed, key)


def may_read_raw(user: User, call: AuditRecord) -> bool:
    """Whether a person may read what was said before masking, in calls of this one's team."""
    return call.team_id is not None and has_capability(user, Capability.READ_RAW, call.team_id)


def looks_at(call: AuditRecord) -> QuerySet[RawAccess]:
    """Who has read a call's raw text, the latest first."""
    return RawAccess.objects.filter(call_id=call.pk)
