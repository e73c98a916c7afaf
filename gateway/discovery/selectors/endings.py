"""A calendar of the models that end, and of whom that hits."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gateway.catalogue.models import Model, Route, RouteTarget
from gateway.catalogue.seed import Retired, read_retired
from gateway.catalogue.selectors import successor_of, successors
from gateway.discovery.models import EndingUse
from gateway.discovery.policy import AHEAD_DAYS, days_left

_SHOWN_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A model that ends, or did lately, with those whom somebody may see of whom it hits."""

    model: Model
    ends_on: date
    days: int
    successor: str
    routes: tuple[str, ...]
    uses: tuple[EndingUse, ...] = ()

    @property
    def is_near(self) -> bool:
        return self.days <= AHEAD_DAYS


def endings(who: Any, *, today: date) -> list[Ending]:
    """Bedrock's models of the catalogue that have an end, the nearest first."""
    models = list(
        Model.objects.filter(
            end_of_life__gte=today - _SHOWN_AFTER,
            deployments__isnull=False,
            deployments__provider_account__isnull=True,
        )
        .distinct()
        .order_by("end_of_life", "name")
    )
    uses: dict[str, list[EndingUse]] = defaultdict(list)
    for use in EndingUse.objects.visible_to(who).select_related("application", "team"):
        uses[use.model_id].append(use)
    routes: dict[int, list[str]] = defaultdict(list)
    targets = RouteTarget.objects.filter(deployment__model__in=models, route__is_enabled=True)
    named = targets.order_by("route__name").values_list("deployment__model_id", "route__name").distinct()
    for model_pk, route in named:
        routes[model_pk].append(route)
    known = successors(today=today)
    found = []
    for model in models:
        assert model.end_of_life is not None
        found.append(
            Ending(
                model=model,
                ends_on=model.end_of_life,
                days=days_left(model.end_of_life, today),
                successor=successor_of(model.model_id, model.successor, known),
                routes=tuple(routes[model.pk]),
                uses=tuple(uses[model.model_id]),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredLine:
    """A model that is gone, and the route that its ID leads to; "" where callers are told of its successor."""

    retired: Retired
    route: str


def retired_lines() -> list[RetiredLine]:
    """All that the catalogue's file has."""
    names = {
        name: route.name
        for route in Route.objects.only("name", "aliases")
        for name in (*route.aliases, route.name)
    }
    return [RetiredLine(retired=each, route=names.get(each.model_id, "")) for each in read_retired()]
