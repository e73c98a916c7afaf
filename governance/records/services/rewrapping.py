"""Puts every key under what protects new ones today: another master key, a key of AWS KMS, or the master key again.

One row at a time, each in a transaction of its own, while calls go on: it can be stopped at any row and begun again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from accounts.services import root_secret
from governance.records.models import TeamKey
from governance.records.services.key_wrappers import (
    KeyUnavailableError,
    LocalKeyWrapper,
    WrappedKey,
    wrapper_for_new_keys,
    wrapper_of,
)
from kernel.ids import random_bytes
from kernel.master_key import CURRENT

_PROBE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What became of a key: `done`, `current` (nothing to do), `erased`, or `failed`, and why."""

    name: str
    outcome: str
    why: str = ""


def rewrap_all() -> Iterator[Rewrapped]:
    """The root secret, then each key that is not erased, in the order they were made. One that can't be opened is left, and said.

    Raises KeyUnavailableError where the key of AWS KMS that is to encrypt them can't be had.
    """
    yield _root()
    last, kms_key = 0, _kms_key()
    while row := _next(last):
        last = row.pk
        yield _rewrapped(row, kms_key)


def wrapped_of(row: TeamKey) -> WrappedKey:
    """A row's key as it is stored; it has not been erased."""
    assert row.wrapped is not None
    return WrappedKey(provider=row.provider, kms_key_id=row.kms_key_id, data=bytes(row.wrapped))


def _root() -> Rewrapped:
    outcome = root_secret.rewrap()
    if outcome == "neither":
        return Rewrapped(
            "Root secret",
            "failed",
            "It is under neither GATEHOUSE_MASTER_KEY nor GATEHOUSE_PREVIOUS_MASTER_KEY.",
        )
    return Rewrapped("Root secret", "current" if outcome == "none" else outcome)


def _next(last: int) -> TeamKey | None:
    rows = TeamKey.objects.filter(pk__gt=last, erased_at=None).select_related("team")
    return rows.order_by("pk").first()


def _rewrapped(row: TeamKey, kms_key: str) -> Rewrapped:
    name, wrapped, team = f"{row} (id {row.pk})", wrapped_of(row), str(row.team.public_id)
    try:
        if _is_current(wrapped, team, kms_key):
            return Rewrapped(name, "current")
        key = wrapper_of(wrapped.provider).unwrap(wrapped, team=team)
        new = wrapper_for_new_keys().wrap(key, team=team)
        # What was written opens to the same key before the only other copy goes.
        if wrapper_of(new.provider).unwrap(new, team=team) != key:
            return Rewrapped(name, "failed", "What encrypts it now does not give it back.")
    except KeyUnavailableError as error:
        return Rewrapped(name, "failed", str(error))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gatehouse_rewrap_team_key(%s, %s, %s, %s, %s)",
            [row.pk, wrapped.data, new.provider, new.kms_key_id, new.data],
        )
        (done,) = cursor.fetchone()
    if done:
        return Rewrapped(name, "done")
    again = TeamKey.objects.filter(pk=row.pk, erased_at=None).select_related("team").first()
    return Rewrapped(name, "erased") if again is None else _rewrapped(again, kms_key)


def _is_current(wrapped: WrappedKey, team: str, kms_key: str) -> bool:
    if kms_key:
        return wrapped.provider == "kms" and wrapped.kms_key_id == kms_key
    return wrapped.provider == "local" and LocalKeyWrapper.wrapped_under(wrapped, team=team) == CURRENT


def _kms_key() -> str:
    """The ARN of the key that the settings name, by an alias perhaps, which KMS says when it encrypts; empty: none."""
    if not settings.KMS_KEY_ID:
        return ""
    return wrapper_for_new_keys().wrap(random_bytes(_PROBE_BYTES), team="none").kms_key_id
