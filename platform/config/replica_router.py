"""Where there is a replica: which tables are read there, by whom, and that nothing is written there."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest, HttpResponse

from kernel.replica import ALIAS, WROTE_COOKIE, WROTE_SECONDS, is_reading

_MODELS = frozenset({
    "auditrecord", "usageday", "usagequarterhour", "usageenduserday", "usagefeature", "rollupstate", "tip", "loggedinvocation",
    "billedline",
})  # fmt: skip
"""What is only ever added to, or summed up. Nothing that says who may do what, or what is in force, is among them."""


class ReplicaRouter:
    """Records and usage are read from the replica, by views that may (kernel.replica.may_be_stale)."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        if not is_reading():
            return None
        if model._meta.app_label == "governance" and model._meta.model_name in _MODELS:
            return ALIAS
        return DEFAULT_DB_ALIAS if _is_from_replica(hints) else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return DEFAULT_DB_ALIAS if _is_from_replica(hints) else None

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool | None:
        """Rows of both are of one database."""
        return True if ALIAS in (first._state.db, second._state.db) else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == ALIAS else None


class ReadOwnWritesMiddleware:
    """Whoever changes something is noted, in the browser, and reads the primary for a while."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            response.set_cookie(
                WROTE_COOKIE,
                "1",
                max_age=WROTE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.IS_HTTPS,
            )
        return response


def _is_from_replica(hints: dict[str, Any]) -> bool:
    instance = hints.get("instance")
    return instance is not None and instance._state.db == ALIAS
