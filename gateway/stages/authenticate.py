from ipaddress import ip_address

from accounts.policy import key_text
from gateway.call import Call
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import KeyEntry

_NO_HASH = bytes(32)


def authenticate(call: Call, gateway: Gateway) -> None:
    """Finds whose key this is. Refusals: invalid_api_key, ip_not_allowed."""
    if not call.request.key_text:
        raise Refusal(
            "invalid_api_key",
            "No API key was sent. Send yours as 'Authorization: Bearer gh_…' or as 'x-api-key'.",
        )
    key_id = key_text.key_id_of(call.request.key_text)
    key = gateway.snapshot.keys.get(key_id) if key_id else None
    # An unknown id is compared as well, so that its answer takes as long as a wrong secret's.
    if not key_text.matches(call.request.key_text, key.secret_hash if key else _NO_HASH) or key is None:
        raise Refusal(
            "invalid_api_key", "This API key is not valid. It may be mistyped, or it has been revoked."
        )
    if key.expires_at is not None and key.expires_at <= call.started_at:
        call.key = key
        raise Refusal(
            "invalid_api_key",
            f"This API key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC. Ask for a new one.",
        )
    call.key = key
    if not key.is_active:
        raise Refusal(
            "invalid_api_key", "The application of this API key is not active. Ask your team's admin."
        )
    if key.allowed_networks and not _is_allowed(key, call.request.client_ip):
        raise Refusal(
            "ip_not_allowed", f"This API key may not be used from {call.request.client_ip or 'this address'}."
        )
    gateway.key_use.note(key.id, call.started_at)


def _is_allowed(key: KeyEntry, client_ip: str | None) -> bool:
    try:
        address = ip_address(client_ip or "")
    except ValueError:
        return False
    return any(address in network for network in key.allowed_networks)
