from datetime import datetime
from ipaddress import ip_address

from accounts.policy import key_text
from gateway.call import Call
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry, Snapshot

_NO_HASH = bytes(32)


def authenticate(call: Call, gateway: Gateway) -> None:
    """Finds whose key this is. Refusals: invalid_api_key, ip_not_allowed, not_auditable."""
    request, known = call.request, call.request.shown_key
    # Shown when the headers came, and unchanged since: a change makes new entries.
    if known is None or gateway.snapshot.keys.get(known.key_id) is not known:
        if call.is_made and known is not None:
            known = gateway.snapshot.keys.get(known.key_id, known)  # the model was asked while it was good
        elif call.job is not None and known is not None:  # whose key was shown when it was accepted
            known = accepted_key(known.key_id, request.client_ip, call.started_at, gateway.snapshot)
        else:
            known = valid_key(request.key_text, request.client_ip, call.started_at, gateway.snapshot)
    call.key = known
    gateway.knows_who_may_call()
    gateway.key_use.note(known.id, call.started_at)


def valid_key(text: str | None, address: str | None, moment: datetime, snapshot: Snapshot) -> KeyEntry:
    """The key of a text, if it may be used now and from this address. Refusals: invalid_api_key, ip_not_allowed."""
    if not text:
        raise Refusal(
            "invalid_api_key",
            "No API key was sent. Send yours as 'Authorization: Bearer gh_…' or as 'x-api-key'.",
        )
    key_id = key_text.key_id_of(text)
    key = snapshot.keys.get(key_id) if key_id else None
    # An unknown id is compared as well, so that its answer takes as long as a wrong secret's.
    if not key_text.matches(text, key.secret_hash if key else _NO_HASH) or key is None:
        raise Refusal(
            "invalid_api_key", "This API key is not valid. It may be mistyped, or it has been revoked."
        )
    check_usable(key, address, moment)
    return key


def accepted_key(key_id: str, address: str | None, moment: datetime, snapshot: Snapshot) -> KeyEntry:
    """The key that a job was accepted with, if it may still be used. Refusals: invalid_api_key, ip_not_allowed."""
    key = snapshot.keys.get(key_id)
    if key is None:
        raise Refusal(
            "invalid_api_key", "The API key that this job was sent with has been revoked.", may_retry=False
        )
    check_usable(key, address, moment)
    return key


def check_usable(key: KeyEntry, address: str | None, moment: datetime) -> None:
    """Refusals: invalid_api_key, ip_not_allowed, where a key that is known may not be used now, from this address."""
    if key.expires_at is not None and key.expires_at <= moment:
        raise Refusal(
            "invalid_api_key",
            f"This API key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC. Ask for a new one.",
        )
    if not key.is_active:
        raise Refusal(
            "invalid_api_key", "The application of this API key is not active. Ask your team's admin."
        )
    if key.allowed_networks and not _is_allowed(key, address):
        raise Refusal("ip_not_allowed", f"This API key may not be used from {address or 'this address'}.")


def _is_allowed(key: KeyEntry, client_ip: str | None) -> bool:
    try:
        address = ip_address(client_ip or "")
    except ValueError:
        return False
    return any(address in network for network in key.allowed_networks)
