"""PURE: texts sealed under a team's key, and the words that they are found by."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import DomainError

KEY_BYTES = 32
NONCE_BYTES = 12


class SealBrokenError(DomainError):
    """What is stored is not what was sealed for this call with this key."""


def seal(
    plain: bytes, *, key: bytes, call_id: UUID, team_id: int, nonce: bytes, purpose: bytes = b"body"
) -> bytes:
    """The nonce, then the ciphertext with its tag. `nonce` is 12 random bytes. What is sealed for one purpose opens for no other."""
    cipher = AESGCM(_call_key(key, call_id, purpose))
    return nonce + cipher.encrypt(nonce, plain, _bound_to(call_id, team_id))


def unseal(sealed: bytes, *, key: bytes, call_id: UUID, team_id: int, purpose: bytes = b"body") -> bytes:
    """What was sealed. Raises SealBrokenError for another call's, another team's, another key's, or a changed text."""
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(_call_key(key, call_id, purpose)).decrypt(
            nonce, ciphertext, _bound_to(call_id, team_id)
        )
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error


def _call_key(key: bytes, call_id: UUID, purpose: bytes) -> bytes:
    # A random nonce may be drawn too often under one key; under a key for each call it never is.
    return hmac.digest(key, purpose + b":" + call_id.bytes, hashlib.sha256)


def _bound_to(call_id: UUID, team_id: int) -> bytes:
    return b"gatehouse body 1:" + call_id.bytes + team_id.to_bytes(8)


MAX_CHARACTERS = 100_000
"""Of a longer conversation only so much can be found; Postgres takes no more than 1 MB of words."""

_NO_WORDS = frozenset({"role", "toolUseId", "bytes", "format", "signature", "data", "type", "status"})
_BRACKETS = str.maketrans(
    "<>\x00", "   "
)  # Postgres takes <EMAIL_ADDRESS_3f2a9c> for a tag, and leaves tags out


def words_of(request: str, answer: str) -> str:
    """What was said, from the JSON of request and answer in Converse's shape, without the words of the protocol."""
    asked = _load(request)
    said = [asked.get("system"), asked.get("messages")] if isinstance(asked, dict) else []
    parts: list[str] = []
    length = 0
    for text in _texts([*said, _load(answer)]):
        parts.append(text)
        length += len(text) + 1
        if length > MAX_CHARACTERS:
            break
    return plain_text("\n".join(parts)[:MAX_CHARACTERS])


def plain_text(text: str) -> str:
    """Text as Postgres takes it, placeholders as words like any other."""
    return text.translate(_BRACKETS).encode("utf-8", "replace").decode()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name not in _NO_WORDS:
                yield from _texts(member)


def _load(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
