"""The life of an API key: created, rotated with an overlap, revoked. The text leaves here once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import ApiKey, Application, User
from accounts.policy import key_text
from kernel.errors import ConflictError
from kernel.ids import random_token

DEFAULT_OVERLAP = timedelta(hours=24)


class DeadKeyError(ConflictError):
    """The key is revoked or expired."""

    code = "dead_key"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its text: show it once and forget it."""

    api_key: ApiKey
    text: str


def create_key(
    *,
    application: Application,
    name: str = "",
    created_by: User | None = None,
    expires_at: datetime | None = None,
    allowed_models: list[str] | None = None,
    allowed_networks: list[str] | None = None,
    rotated_from: ApiKey | None = None,
) -> NewKey:
    """Makes a key for an application."""
    key_id = random_token(key_text.KEY_ID_LENGTH)
    text = key_text.compose(key_id=key_id, secret=random_token(key_text.SECRET_LENGTH))
    api_key = ApiKey.objects.create(
        application=application,
        name=name,
        key_id=key_id,
        secret_hash=key_text.key_digest(text),
        created_by=created_by,
        expires_at=expires_at,
        allowed_models=allowed_models or [],
        allowed_networks=allowed_networks or [],
        rotated_from=rotated_from,
    )
    return NewKey(api_key, text)


@transaction.atomic
def rotate_key(
    *, api_key: ApiKey, now: datetime, overlap: timedelta = DEFAULT_OVERLAP, created_by: User | None = None
) -> NewKey:
    """Makes a successor with the same limits; the old key works until `overlap` has passed. DeadKeyError if it is dead."""
    locked = ApiKey.objects.select_for_update().get(pk=api_key.pk)
    if locked.revoked_at is not None or (locked.expires_at is not None and locked.expires_at <= now):
        raise DeadKeyError("This key is revoked or expired: create a new key instead.")
    new = create_key(
        application=locked.application,
        name=locked.name,
        created_by=created_by,
        expires_at=locked.expires_at,
        allowed_models=locked.allowed_models,
        allowed_networks=locked.allowed_networks,
        rotated_from=locked,
    )
    end = now + overlap
    if locked.expires_at is None or locked.expires_at > end:
        locked.expires_at = end
        locked.save(update_fields=["expires_at"])
    return new


def revoke_key(*, api_key: ApiKey, now: datetime) -> bool:
    """Ends a key at once and for good. False when it was revoked already."""
    return ApiKey.objects.filter(pk=api_key.pk, revoked_at__isnull=True).update(revoked_at=now) == 1
