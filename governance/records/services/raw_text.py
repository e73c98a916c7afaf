"""Reading raw text: every look is on record, with its reason, before anything is decrypted."""

import json

from django.core.exceptions import PermissionDenied

from accounts.models import User
from governance.records.models import AuditRecord, RawAccess
from governance.records.policy import SealBrokenError, unseal
from governance.records.selectors.calls import CallContent, content_from
from governance.records.selectors.raw_text import RawState, may_read_raw, raw_text_of
from governance.records.services.key_wrappers import KeyUnavailableError
from governance.records.services.team_keys import KeyErasedError, open_key
from kernel.errors import MissingError


class NoRawTextError(MissingError):
    """There is no raw text of this call to read. The text says why."""


class RawTextErasedError(NoRawTextError):
    """There was, and its key has been erased."""

    code = "erased"
    status = 410


def read_raw(call: AuditRecord, *, user: User, reason: str, via: str) -> CallContent:
    """What was said before masking. Raises PermissionDenied, NoRawTextError, KeyUnavailableError, BodiesUnreachableError."""
    if not may_read_raw(user, call):
        raise PermissionDenied
    raw = raw_text_of(call)
    if raw.state is RawState.ERASED:
        raise RawTextErasedError(
            f"Its key was erased on {raw.key.erased_at:%Y-%m-%d}." if raw.key else "Its key is gone."
        )
    if raw.sealed is None or raw.key is None:
        raise NoRawTextError("No raw text of this call is stored.")
    RawAccess.objects.create(
        call_id=call.pk, team_id=raw.key.team_id, user=user, email=user.email, reason=reason, via=via
    )
    try:
        plain = unseal(
            bytes(raw.sealed.sealed), key=open_key(raw.key), call_id=call.pk, team_id=raw.key.team_id
        )
    except KeyErasedError as error:  # a moment ago
        raise RawTextErasedError(str(error)) from error
    except SealBrokenError as error:
        raise KeyUnavailableError(
            "The stored text does not fit its key. It has been changed, or the key is another one."
        ) from error
    said = json.loads(plain)
    return content_from(said["request"], said["answer"])
