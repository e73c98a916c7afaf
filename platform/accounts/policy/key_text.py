"""PURE: the text of an API key, and what is stored of it."""

import hashlib
import hmac

PREFIX = "gh"
KEY_ID_LENGTH = 12
SECRET_LENGTH = 40
"""Characters of the secret, five random bits each: 200 bits, so a fast hash is enough (nothing to guess)."""


def compose(*, key_id: str, secret: str) -> str:
    """The whole key, as its owner sees it once."""
    return f"{PREFIX}_{key_id}_{secret}"


def key_id_of(text: str) -> str | None:
    """The public id inside a key's text; None when the text does not have a key's shape."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != PREFIX or len(parts[1]) != KEY_ID_LENGTH:
        return None
    return parts[1]


def key_digest(text: str) -> bytes:
    """What is stored: the SHA-256 of the whole key (32 bytes)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def matches(text: str, stored: bytes) -> bool:
    """Whether a key's text is the one stored, compared in constant time."""
    return hmac.compare_digest(key_digest(text), stored)
