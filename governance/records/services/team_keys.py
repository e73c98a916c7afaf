"""The life of a team's keys: made when first needed, succeeded by a new generation, erased for good."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Team, User
from governance.records.models import TeamKey
from governance.records.policy import KEY_BYTES
from governance.records.services.key_wrappers import WrappedKey, wrapper_for_new_keys, wrapper_of
from kernel.errors import GoneError
from kernel.ids import random_bytes

_ATTEMPTS = 5
Erasure = Callable[[Team, User, str], object]
"""Told of a team whose text was erased, by whom, and why."""
_erasures: list[Erasure] = []


def register_erasure(erasure: Erasure) -> None:
    """Adds what else goes with a team's raw text, in one transaction with it: whoever keeps what was said elsewhere has some."""
    if erasure not in _erasures:
        _erasures.append(erasure)


class KeyErasedError(GoneError):
    """The key has been erased: what it encrypted can't be read by anyone."""

    code = "erased"

    def __init__(self, key: TeamKey) -> None:
        super().__init__(f"The key was erased on {key.erased_at:%Y-%m-%d %H:%M}.")
        self.key = key


@dataclass(frozen=True, slots=True)
class LiveKey:
    """A team's key in the clear. Hold it in memory only."""

    id: int
    generation: int
    key: bytes

    def __repr__(self) -> str:
        return f"LiveKey(id={self.id}, generation={self.generation})"


def live_key(team_id: int) -> LiveKey:
    """The key to encrypt with, made if there is none. Blocks. Raises KeyUnavailableError, and Team.DoesNotExist."""
    team = Team.objects.get(pk=team_id)
    for _ in range(_ATTEMPTS):
        row = TeamKey.objects.filter(team=team, retired_at=None, erased_at=None).first()
        if row is not None:
            return LiveKey(row.pk, row.generation, open_key(row))
        made = _make(team)
        if made is not None:
            return made
    raise RuntimeError(f"no live key of team {team_id} could be made")


def open_key(row: TeamKey) -> bytes:
    """A key's bytes. Blocks. Raises KeyErasedError and KeyUnavailableError."""
    if row.wrapped is None:
        raise KeyErasedError(row)
    wrapped = WrappedKey(provider=row.provider, kms_key_id=row.kms_key_id, data=bytes(row.wrapped))
    return wrapper_of(row.provider).unwrap(wrapped, team=str(row.team.public_id))


def rotate(team: Team, *, now: datetime) -> TeamKey:
    """A new generation, which text is encrypted with from now on; earlier ones only decrypt."""
    key = random_bytes(KEY_BYTES)
    wrapped = wrapper_for_new_keys().wrap(key, team=str(team.public_id))
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)  # one at a time
        TeamKey.objects.filter(team=team, retired_at=None, erased_at=None).update(retired_at=now)
        return _insert(team, wrapped)


def erase(keys: Iterable[TeamKey], *, by: User, reason: str, now: datetime) -> list[TeamKey]:
    """Deletes keys' bytes, and with them, for good, all text under them. Those that it erased just now."""
    erased = []
    with transaction.atomic():
        for key in keys:
            count = TeamKey.objects.filter(pk=key.pk, erased_at=None).update(
                wrapped=None, erased_at=now, erased_by=by, erased_by_email=by.email, erased_reason=reason
            )
            if count:
                key.refresh_from_db()
                erased.append(key)
        for team in {key.team_id: key.team for key in erased}.values():
            for erasure in _erasures:
                erasure(team, by, reason)
    return erased


def _make(team: Team) -> LiveKey | None:
    """A first key, or one after the last was erased; None when somebody else was quicker."""
    key = random_bytes(KEY_BYTES)
    wrapped = wrapper_for_new_keys().wrap(key, team=str(team.public_id))
    try:
        with transaction.atomic():
            row = _insert(team, wrapped)
    except IntegrityError:
        return None
    return LiveKey(row.pk, row.generation, key)


def _insert(team: Team, wrapped: WrappedKey) -> TeamKey:
    last = TeamKey.objects.filter(team=team).order_by("-generation").first()
    return TeamKey.objects.create(
        team=team,
        generation=last.generation + 1 if last else 1,
        provider=wrapped.provider,
        kms_key_id=wrapped.kms_key_id,
        wrapped=wrapped.data,
    )
