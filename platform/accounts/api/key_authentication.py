"""Applications' API keys as a way into some endpoints of the management API."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.policy.key_text import key_id_of, matches
from kernel.clock import utc_now

_NO_HASH = bytes(32)


class KeyHolder:
    """Whoever holds an application's key. No person: nothing that belongs to people or teams is theirs."""

    is_authenticated = True
    is_active = True
    pk = None


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer gh_…` or `x-api-key`, as on the gateway."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        text = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        if not text:
            return None
        key = _key(text)
        if key is None:
            raise AuthenticationFailed("This API key is not known, or it is revoked or expired.")
        return KeyHolder(), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _key(text: str) -> ApiKey | None:
    key_id = key_id_of(text)
    known = ApiKey.objects.filter(key_id=key_id, revoked_at__isnull=True) if key_id else ApiKey.objects.none()
    key = known.select_related("application").first()
    # An unknown id is compared as well, so that its answer takes as long as a wrong secret's.
    if not matches(text, bytes(key.secret_hash) if key else _NO_HASH) or key is None:
        return None
    if not key.application.is_active or key.allowed_networks:
        return None  # a key that is tied to networks is for the gateway, which knows where calls come from
    return key if key.expires_at is None or key.expires_at > utc_now() else None


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes it."""

    target_class = ApiKeyAuthentication
    name = "applicationKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An application's API key, as on the gateway.",
        }
