"""The keys of accounts with providers: AES-256-GCM under a key derived from the root secret, each bound to its account.

The root secret stays when the master key changes, so that nothing is encrypted anew then.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.services.root_secret import root_secret
from gateway.catalogue.models import ProviderAccount
from kernel.errors import InvalidError
from kernel.ids import random_bytes

_INFO = b"gatehouse: keys of provider accounts, 1"
_NONCE_BYTES = 12
_SHOWN = 4
_MIN_LENGTH, _MAX_LENGTH = 8, 500


def set_key(account: ProviderAccount, key: str) -> None:
    """Puts another key on the account, which is not saved here. Raises InvalidError for what is no key."""
    key = key.strip()
    if not _MIN_LENGTH <= len(key) <= _MAX_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        told = f"A key has {_MIN_LENGTH} to {_MAX_LENGTH} ASCII signs and no blanks. Copy it anew."
        raise InvalidError(told, fields={"key": [told]})
    nonce = random_bytes(_NONCE_BYTES)
    account.sealed_key = nonce + _cipher(root_secret()).encrypt(nonce, key.encode(), _bound_to(account))
    account.key_hint = f"…{key[-_SHOWN:]}"
    account.last_refused_at = None


def key_of(account: ProviderAccount) -> str:
    """The key in the clear; empty where there is none, or where it can't be opened: then the account can't be used."""
    sealed = bytes(account.sealed_key)
    try:
        found = _cipher(root_secret()).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(account)
        )
    except (InvalidTag, ValueError):
        return ""
    return found.decode()


def _bound_to(account: ProviderAccount) -> bytes:
    return account.public_id.bytes


@lru_cache(maxsize=2)
def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_INFO).derive(secret.encode()))
