"""PURE: text under a team's key. AES-256-GCM, bound to its call and team, with a key of its own for each call."""

import hashlib
import hmac
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import DomainError

KEY_BYTES = 32
NONCE_BYTES = 12


class SealBrokenError(DomainError):
    """What is stored is not what was sealed for this call with this key."""


def seal(plain: bytes, *, key: bytes, call_id: UUID, team_id: int, nonce: bytes) -> bytes:
    """The nonce, then the ciphertext with its tag. `nonce` is 12 random bytes."""
    cipher = AESGCM(_call_key(key, call_id))
    return nonce + cipher.encrypt(nonce, plain, _bound_to(call_id, team_id))


def unseal(sealed: bytes, *, key: bytes, call_id: UUID, team_id: int) -> bytes:
    """What was sealed. Raises SealBrokenError for another call's, another team's, another key's, or a changed text."""
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(_call_key(key, call_id)).decrypt(nonce, ciphertext, _bound_to(call_id, team_id))
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error


def _call_key(key: bytes, call_id: UUID) -> bytes:
    # A random nonce may be drawn too often under one key; under a key for each call it never is.
    return hmac.digest(key, b"body:" + call_id.bytes, hashlib.sha256)


def _bound_to(call_id: UUID, team_id: int) -> bytes:
    return b"gatehouse body 1:" + call_id.bytes + team_id.to_bytes(8)
