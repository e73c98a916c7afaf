"""A banner on all pages of the admin, for superusers: what is wrong with this instance, and what to do."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from governance.limits.services.operator_warnings import operator_warnings
from kernel.clock import utc_now


def banner(request: HttpRequest) -> dict[str, Any]:
    """A context processor; nothing is looked up but for a page that shows it (templates/admin/base_site.html)."""

    def lines() -> list[str]:
        user = getattr(request, "user", None)
        return operator_warnings(now=utc_now()) if user is not None and user.is_superuser else []

    return {"operator_warnings": SimpleLazyObject(lines)}
