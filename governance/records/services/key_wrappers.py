"""What encrypts teams' keys: the installation's master key, or a service that the gateway has registered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kernel.errors import UnavailableError
from kernel.ids import random_bytes

_NONCE_BYTES = 12


class KeyUnavailableError(UnavailableError):
    """A team's key can't be had: its protector can't be reached, refuses, or does not know it. The text says why."""

    code = "key_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A key, encrypted, and who can decrypt it."""

    provider: str
    kms_key_id: str
    data: bytes


class KeyWrapper(Protocol):
    """Encrypts keys, and decrypts them, bound to a team. Both block, and raise KeyUnavailableError."""

    def wrap(self, key: bytes, *, team: str) -> WrappedKey: ...

    def unwrap(self, wrapped: WrappedKey, *, team: str) -> bytes: ...


_factories: dict[str, Callable[[], KeyWrapper]] = {}


def register_wrapper(provider: str, factory: Callable[[], KeyWrapper]) -> None:
    """Makes a provider known; its factory is called when it is needed."""
    _factories[provider] = factory


def wrapper_for_new_keys() -> KeyWrapper:
    """KMS where the settings name a key of it, else the master key."""
    return wrapper_of("kms" if settings.KMS_KEY_ID else "local")


def wrapper_of(provider: str) -> KeyWrapper:
    """Who wrapped keys of this provider. Raises KeyUnavailableError where it is not known."""
    factory = _factories.get(provider)
    if factory is None:
        raise KeyUnavailableError(f"Nothing here can decrypt keys of {provider!r}.")
    return factory()


class LocalKeyWrapper:
    """AES-256-GCM under a key derived from GATEHOUSE_MASTER_KEY."""

    def wrap(self, key: bytes, *, team: str) -> WrappedKey:
        nonce = random_bytes(_NONCE_BYTES)
        data = nonce + self._cipher().encrypt(nonce, key, _bound_to(team))
        return WrappedKey(provider="local", kms_key_id="", data=data)

    def unwrap(self, wrapped: WrappedKey, *, team: str) -> bytes:
        nonce, data = wrapped.data[:_NONCE_BYTES], wrapped.data[_NONCE_BYTES:]
        try:
            return self._cipher().decrypt(nonce, data, _bound_to(team))
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailableError(
                "The key was made under another GATEHOUSE_MASTER_KEY. Start Gatehouse with that one."
            ) from error

    @staticmethod
    def _cipher() -> AESGCM:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"gatehouse: keys of teams, 1")
        return AESGCM(derived.derive(settings.MASTER_KEY.encode()))


def _bound_to(team: str) -> bytes:
    return b"gatehouse team:" + team.encode()


register_wrapper("local", LocalKeyWrapper)
