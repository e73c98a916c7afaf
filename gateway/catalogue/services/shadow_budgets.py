"""The budget that the copies of a route's calls have to themselves: one of the ledger's, by their feature, so that it is exact."""

from gateway.catalogue.models import Route
from governance.limits.models import Budget
from kernel.money import dollars_to_nanos

_PREFIX = "shadow:"
_MAX_NAME = 100
"""Of a budget's; its feature has the whole name."""


def shadow_feature(route: str) -> str:
    """The feature of the copies of a route's calls, by which they are counted."""
    return f"{_PREFIX}{route}"


def keep_shadow_budget(route: Route) -> None:
    """Brings the budget up to what the route says. What it has counted stays, should the shadow be switched off for a while."""
    feature = shadow_feature(route.name)
    if route.shadow_budget is None:
        return
    Budget.objects.update_or_create(
        team=None,
        feature=feature,
        period=Budget.Period.MONTH,
        defaults={
            "limit_nanos": dollars_to_nanos(route.shadow_budget),
            "name": f"Copies of calls of {route.name}"[:_MAX_NAME],
            "is_hard": True,
        },
    )
