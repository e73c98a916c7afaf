"""Identifiers (version 7 UUIDs, which sort by the time they were made) and randomness for secrets."""

import secrets
from datetime import timedelta
from uuid import UUID

from uuid_utils import uuid7 as _uuid7

from kernel.clock import skew_seconds, utc_now

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: read aloud and typed without doubt
_RANDOM_BITS = 80
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_TOLERATED_SECONDS = 1.0
"""A host's clock that is off by less is taken as it is."""


def new_id() -> UUID:
    """A new version 7 UUID, of the time that records go by."""
    value = _uuid7().int
    if abs(skew_seconds()) >= _TOLERATED_SECONDS:
        value = value & _RANDOM_MASK | int(utc_now().timestamp() * 1000) << _RANDOM_BITS
    return UUID(int=value)


def first_id_after(one: UUID, span: timedelta) -> UUID:
    """The least version 7 UUID of the moment so long after that of another, or before it."""
    milliseconds = (one.int >> _RANDOM_BITS) + span // timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << _RANDOM_BITS)


def random_token(length: int) -> str:
    """`length` characters, five bits of randomness each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def random_bytes(length: int) -> bytes:
    """Bytes for keys and nonces."""
    return secrets.token_bytes(length)
