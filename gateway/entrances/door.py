"""Who is let in: looked at when a request's headers are there, before a byte of its body is read.

Callers without a valid key are counted by address and minute (gateway/records/unknown_callers.py), not put on record one by one,
and an address that knocks too often is told to wait.
"""

from typing import Any

from gateway.entrances.formats.incoming import Scope, api_key
from gateway.records.unknown_callers import Knock
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry
from gateway.stages.authenticate import valid_key
from kernel.addresses import address_of
from kernel.clock import utc_now

_BEHIND_SECONDS = 1.0
"""A key that is known elsewhere is known here within that time, unless changes can't be read."""
CONNECTION = "gatehouse.connection"
"""The ASGI extension by which a connection is told that its client has shown a valid key (`EXTENSION` of serving.guard)."""


def let_in(gateway: Gateway, scope: Scope, headers: dict[bytes, bytes], path: str) -> KeyEntry:
    """The key that a request shows; `path` is the address asked for, as a pattern. Refusals: invalid_api_key, ip_not_allowed,
    rate_limited, overloaded."""
    client = scope.get("client")
    client_ip = client[0] if client else None
    now = utc_now()
    try:
        key = valid_key(api_key(headers), client_ip, now, gateway.snapshot)
    except Refusal as refusal:
        address = address_of(client_ip)
        if not gateway.unknown_callers.note(address, now, Knock(refusal.code, path)):
            raise _too_often() from refusal
        if refusal.code == "invalid_api_key" and gateway.snapshot_age > _BEHIND_SECONDS:
            gateway.does_not_know_keys()  # it may have been made meanwhile: told that it is wrong, nobody would try it again
        raise
    connection: Any = scope["extensions"].get(CONNECTION) if "extensions" in scope else None
    if connection is not None:
        connection.prove()
        if connection.connections > gateway.most_connections:
            raise Refusal(
                "overloaded",
                "Gatehouse has more connections than it has file descriptors for. Please try again.",
                retry_after=1,
            )
    return key


def _too_often() -> Refusal:
    return Refusal(
        "rate_limited",
        "Too many requests without a valid API key came from your address. Check the key, and try again in a minute.",
        retry_after=60,
    )
