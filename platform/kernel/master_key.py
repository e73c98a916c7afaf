"""What is encrypted under GATEHOUSE_MASTER_KEY, and opened while one master key takes the place of another.

AES-256-GCM under a key derived by HKDF-SHA256, each sealed thing bound to what it belongs to. New things are sealed under
GATEHOUSE_MASTER_KEY alone; what is opened may be under GATEHOUSE_PREVIOUS_MASTER_KEY, too.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kernel.errors import UnavailableError
from kernel.ids import random_bytes

_NONCE_BYTES = 12
_CIPHERS_KEPT = 8

CURRENT, PREVIOUS, NEITHER = "current", "previous", "neither"


class KeyUnavailableError(UnavailableError):
    """A key can't be had: its protector can't be reached, refuses, or does not know it. The text says why."""

    code = "key_unavailable"


def seal(data: bytes, *, info: bytes, bound_to: bytes) -> bytes:
    """Bytes, encrypted under GATEHOUSE_MASTER_KEY: a nonce of 12 bytes, the ciphertext, a tag of 16."""
    nonce = random_bytes(_NONCE_BYTES)
    return nonce + _cipher(settings.MASTER_KEY, info).encrypt(nonce, data, bound_to)


def unseal(sealed: bytes, *, info: bytes, bound_to: bytes) -> bytes:
    """What was sealed under the present master key or the previous one. Raises KeyUnavailableError."""
    data, _ = _opened(sealed, info, bound_to)
    if data is None:
        raise KeyUnavailableError(
            "The key was made under another GATEHOUSE_MASTER_KEY. Start Gatehouse with that one, or name it in"
            " GATEHOUSE_PREVIOUS_MASTER_KEY."
        )
    return data


def sealed_under(sealed: bytes, *, info: bytes, bound_to: bytes) -> str:
    """Under which master key something is: CURRENT, PREVIOUS or NEITHER."""
    return _opened(sealed, info, bound_to)[1]


def _opened(sealed: bytes, info: bytes, bound_to: bytes) -> tuple[bytes | None, str]:
    keys = ((settings.MASTER_KEY, CURRENT), (settings.PREVIOUS_MASTER_KEY, PREVIOUS))
    for master_key, which in keys:
        if not master_key:
            continue
        try:
            nonce, data = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return _cipher(master_key, info).decrypt(nonce, data, bound_to), which
        except (InvalidTag, ValueError):
            continue
    return None, NEITHER


@lru_cache(maxsize=_CIPHERS_KEPT)
def _cipher(master_key: str, info: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(master_key.encode()))
