"""What encrypts teams' keys: the installation's master key, or a service that the gateway has registered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from kernel import master_key
from kernel.master_key import KeyUnavailableError as KeyUnavailableError

_INFO = b"gatehouse: keys of teams, 1"


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
    """AES-256-GCM under a key derived from GATEHOUSE_MASTER_KEY; what is under the previous one opens, too."""

    def wrap(self, key: bytes, *, team: str) -> WrappedKey:
        data = master_key.seal(key, info=_INFO, bound_to=_bound_to(team))
        return WrappedKey(provider="local", kms_key_id="", data=data)

    def unwrap(self, wrapped: WrappedKey, *, team: str) -> bytes:
        return master_key.unseal(wrapped.data, info=_INFO, bound_to=_bound_to(team))

    @staticmethod
    def wrapped_under(wrapped: WrappedKey, *, team: str) -> str:
        """Under which master key it is: `current`, `previous` or `neither`."""
        return master_key.sealed_under(wrapped.data, info=_INFO, bound_to=_bound_to(team))


def _bound_to(team: str) -> bytes:
    return b"gatehouse team:" + team.encode()


register_wrapper("local", LocalKeyWrapper)
