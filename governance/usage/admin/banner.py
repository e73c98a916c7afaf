"""A banner on all pages of the admin, for superusers: what is wrong with this instance, and what to do."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from governance.limits.services.operator_warnings import operator_warnings
from kernel.clock import perf_counter, utc_now

KEPT_SECONDS = 5.0
"""As often as gateways say how they are; until then a page does not ask again."""
_kept: tuple[float, list[str]] = (-KEPT_SECONDS, [])


def _lines() -> list[str]:
    global _kept
    if perf_counter() - _kept[0] > KEPT_SECONDS:
        _kept = (perf_counter(), operator_warnings(now=utc_now()))
    return _kept[1]


def banner(request: HttpRequest) -> dict[str, Any]:
    """A context processor; nothing is looked up but for a page that shows it (templates/admin/base_site.html)."""

    def lines() -> list[str]:
        user = getattr(request, "user", None)
        return _lines() if user is not None and user.is_superuser else []

    return {"operator_warnings": SimpleLazyObject(lines)}
