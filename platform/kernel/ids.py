"""Identifiers (version 7 UUIDs, which sort by the time they were made) and randomness for secrets."""

import secrets
from uuid import UUID

from uuid_utils import uuid7 as _uuid7

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: read aloud and typed without doubt


def new_id() -> UUID:
    """A new version 7 UUID."""
    return UUID(int=_uuid7().int)


def random_token(length: int) -> str:
    """`length` characters, five bits of randomness each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def random_bytes(length: int) -> bytes:
    """Bytes for keys and nonces."""
    return secrets.token_bytes(length)
