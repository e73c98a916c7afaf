"""What holds for all pages and the management API."""

import logging
import secrets

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from accounts import outages
from accounts.services import sign_ins
from kernel.errors import DomainError

logger = logging.getLogger(__name__)

_SELF = "'self'"
_FRAMELESS = {"object-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": _SELF}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""What a response may load that is no page."""
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
        "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


_NUL = "cannot contain NUL"
"""Of psycopg's, and of Postgres', where a text has one."""


class DomainErrorMiddleware(MiddlewareMixin):
    """Answers any member of the family with a page that says it, and its status, and an outage with one that says what is away; the
    management API has answered before."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            if text := outages.sentences(exception):
                logger.warning("%s %s: %s", request.method, request.path, text.partition(".")[0])
                return outages.answer(request, text)
            if isinstance(exception, (ValueError, DataError)) and _NUL in str(exception):
                told = ["What was sent has a NUL character (%00), which no text has. Take it out."]
                return render(request, "refused.html", {"messages": told}, status=400)
            return None
        return render(request, "refused.html", {"messages": exception.messages}, status=exception.status)


class SignedInMiddleware(MiddlewareMixin):
    """Tells the connection that its client is signed in (serving.guard), where an answer had to know who it is."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        found = getattr(request, "_cached_user", None)
        if found is not None and found.is_authenticated:
            extensions = getattr(request, "scope", {}).get("extensions", {})
            if (connection := extensions.get("gatehouse.connection")) is not None:
                connection.prove()
        return response


class SecurityHeadersMiddleware(MiddlewareMixin):
    """What browsers are told to keep from pages: scripts of others, frames, sensors, and plain HTTP."""

    def process_request(self, request: HttpRequest) -> None:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_page = response.get("Content-Type", "").startswith("text/html")
        response.setdefault("Content-Security-Policy", _content_policy(request) if is_page else _NOTHING)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        if settings.HSTS_SECONDS:
            response.setdefault("Strict-Transport-Security", f"max-age={settings.HSTS_SECONDS}")
        return response


def _content_policy(request: HttpRequest) -> str:
    """Scripts from Gatehouse's own files, or with this page's nonce. Alpine, of the admin's theme, evaluates its attributes."""
    scripts = f"{_SELF} 'nonce-{getattr(request, 'csp_nonce', '')}'"
    if request.path.startswith("/admin"):
        scripts += " 'unsafe-eval'"
    parts = {
        "default-src": _SELF,
        "script-src": scripts,
        "style-src": f"{_SELF} 'unsafe-inline'",
        "img-src": f"{_SELF} data:",
        "connect-src": _SELF,
        **_FRAMELESS,
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


class SignInLifeMiddleware(MiddlewareMixin):
    """Ends a session whose sign-in was ended, is idle or is too old: what follows is an anonymous request."""

    def process_request(self, request: HttpRequest) -> None:
        session = request.session
        if SESSION_KEY in session and not sign_ins.holds(session.get(sign_ins.SESSION_KEY)):
            logout(request)
