"""The secret that others are derived from: placeholders of masked values, internal API keys, signing secrets of webhooks.

It is what GATEHOUSE_MASTER_KEY was when the installation first started, and is kept encrypted under the master key of today.
"""

from functools import lru_cache

from django.conf import settings
from django.db import connection

from accounts.models import RootSecret
from kernel import master_key
from kernel.master_key import CURRENT, NEITHER, KeyUnavailableError

_INFO = b"gatehouse: root secret, 1"
_BOUND_TO = b"gatehouse installation"
_ID = 1


def root_secret() -> str:
    """The secret, from memory after the first time in a process. Blocks. Made at the first start. Raises KeyUnavailableError."""
    return _root_secret(settings.MASTER_KEY, settings.PREVIOUS_MASTER_KEY)


@lru_cache(maxsize=4)
def _root_secret(current: str, previous: str) -> str:
    row = RootSecret.objects.filter(pk=_ID).first() or _made(previous)
    return master_key.unseal(bytes(row.sealed), info=_INFO, bound_to=_BOUND_TO).decode()


def _made(previous: str) -> RootSecret:
    if previous:
        raise KeyUnavailableError(
            "This installation has no root secret yet, and which of two master keys it began with can't be told. Start it once"
            " with the one it has had, without GATEHOUSE_PREVIOUS_MASTER_KEY."
        )
    sealed = master_key.seal(settings.MASTER_KEY.encode(), info=_INFO, bound_to=_BOUND_TO)
    # Another process may be quicker; then its row is the one.
    RootSecret.objects.bulk_create([RootSecret(id=_ID, sealed=sealed)], ignore_conflicts=True)
    return RootSecret.objects.get(pk=_ID)


def wrapped_under() -> str | None:
    """Under which master key it is: `current`, `previous` or `neither`; None before the first start."""
    row = RootSecret.objects.filter(pk=_ID).first()
    return None if row is None else _under(row)


def rewrap() -> str:
    """Puts it under GATEHOUSE_MASTER_KEY. `done`, `current` where it was, `neither` where it can't be opened, or `none`."""
    row = RootSecret.objects.filter(pk=_ID).first()
    if row is None:
        return "none"
    before = bytes(row.sealed)
    if (under := _under(row)) in (CURRENT, NEITHER):
        return under
    secret = master_key.unseal(before, info=_INFO, bound_to=_BOUND_TO)
    after = master_key.seal(secret, info=_INFO, bound_to=_BOUND_TO)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gatehouse_rewrap_root(%s, %s)", [before, after])
        (done,) = cursor.fetchone()
    return "done" if done else rewrap()


def _under(row: RootSecret) -> str:
    return master_key.sealed_under(bytes(row.sealed), info=_INFO, bound_to=_BOUND_TO)
