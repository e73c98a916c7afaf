"""The names of a model that ends, led to its successor with one click."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from gateway.catalogue.models import Deployment, Model, Route, RouteTarget
from gateway.catalogue.selectors import successor_of, successors
from kernel.errors import ConflictError, InvalidError

_PREFIXES = ("", *(f"{each}." for each in Deployment.Profile.values if each))


@dataclass(slots=True)
class Succeeded:
    """What leads to the successor now."""

    aliases: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    """Routes that led to the old model alone, and keep their names, budgets and limits."""
    left: list[str] = field(default_factory=list)
    """Routes that lead to the old model still: they have other targets too, names of their own, or a geography that the successor
    has no route in."""


@transaction.atomic
def succeed(model_id: str, *, successor: str = "") -> Succeeded:
    """Leads the names of a model to its successor: as aliases of the successor's routes, or, where they are a route's own that
    leads to the old model alone, by that route's targets. A geography's name leads to the same geography.

    InvalidError where no successor is known, or none has a route that is enabled.
    """
    model_id = _plain(model_id)
    successor = _plain(successor) or _known_successor(model_id)
    if not successor:
        raise InvalidError(f"No successor of {model_id} is known: say which, on the model's page.")
    if successor == model_id:
        raise InvalidError(f"{model_id} can't be its own successor: say another.")
    found: dict[int, Route] = {}
    led = {
        prefix: found.setdefault(route.pk, route)
        for prefix in _PREFIXES
        if (route := _route_of(f"{prefix}{successor}"))
    }
    if not led:
        raise InvalidError(f"No route leads to {successor}, the successor of {model_id}: make one first.")
    led = {prefix: route for prefix, route in led.items() if route.is_enabled}
    if not led:
        raise InvalidError(
            f"The route to {successor}, the successor of {model_id}, is disabled: enable it first."
        )
    done = Succeeded()
    for prefix, route in led.items():
        _lead(done, route, f"{prefix}{model_id}", model_id)
    done.left = _still_to(model_id)
    if not (done.aliases or done.routes):
        if done.left:
            raise ConflictError(
                f"Nothing was changed. These routes lead to {model_id} and to other models too, or {successor} has no route in their "
                f"geography: {', '.join(done.left)}. Change their targets."
            )
        raise ConflictError(f"All names of {model_id} lead to another model already.")
    return done


def _lead(done: Succeeded, route: Route, name: str, model_id: str) -> None:
    """One name, to a route of the successor."""
    old = _route_of(name)
    if old is None:
        route.aliases = [*route.aliases, name]
        route.clean()
        route.save(update_fields=["aliases"])
        done.aliases.append(name)
    elif old.pk != route.pk and old.name not in done.routes and _leads_to_alone(old, model_id):
        old.targets.all().delete()
        RouteTarget.objects.bulk_create(
            RouteTarget(
                route=old, deployment_id=each.deployment_id, position=each.position, weight=each.weight
            )
            for each in route.targets.all()
        )
        done.routes.append(old.name)


def _known_successor(model_id: str) -> str:
    said = Model.objects.filter(model_id=model_id).values_list("successor", flat=True).first()
    return successor_of(model_id, said or "", successors())


def _plain(name: str) -> str:
    """A model's ID, of one with a profile's prefix too."""
    prefix, _, rest = name.strip().partition(".")
    return rest if f"{prefix}." in _PREFIXES and "." in rest else name.strip()


def _route_of(name: str) -> Route | None:
    return Route.objects.filter(Q(name=name) | Q(aliases__contains=[name])).first()


def _still_to(model_id: str) -> list[str]:
    rows = Route.objects.filter(is_enabled=True, targets__deployment__model__model_id=model_id)
    return list(rows.order_by("name").values_list("name", flat=True).distinct())


def _leads_to_alone(route: Route, model_id: str) -> bool:
    models = set(route.targets.values_list("deployment__model__model_id", flat=True))
    return models <= {model_id}
