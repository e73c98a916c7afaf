"""What administrators make of what was found, with one click: a deployment; the names of a model that ends, led to its successor."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from gateway.catalogue.models import Deployment, Model, Route, RouteTarget
from gateway.catalogue.selectors import successors
from gateway.catalogue.services.offers import new_model
from gateway.discovery.models import Discovered, FoundKind
from kernel.errors import ConflictError, InvalidError

_OWN = (
    FoundKind.CUSTOM_DEPLOYMENT,
    FoundKind.IMPORTED,
    FoundKind.PROVISIONED,
    FoundKind.APPLICATION_PROFILE,
)
"""What is called by its ARN. Source: Bedrock's API reference, InvokeModel, `modelId`."""
CALLABLE = (FoundKind.FOUNDATION, FoundKind.PROFILE, *_OWN)


@dataclass(slots=True, kw_only=True)
class _Offer:
    """A found model as the catalogue takes it over."""

    model_id: str
    name: str
    vendor: str
    kind: str = "text"
    takes_images: bool = False
    legacy_from: date | None = None
    end_of_life: date | None = None
    extended_from: date | None = None
    profiles: set[str] = field(default_factory=set)


@transaction.atomic
def deploy(found: Discovered) -> Deployment:
    """Adds a deployment of what was found. It has no price: calls to it are refused until somebody enters one.

    InvalidError for what can't be called so, ConflictError where it is deployed already.
    """
    if found.gone_at is not None:
        raise InvalidError(f"AWS does not list {found.name} in {found.region} any more.")
    if found.kind not in CALLABLE:
        what = (
            "It is called by a deployment or provisioned throughput of its own: add that."
            if found.kind == FoundKind.CUSTOM
            else "Guardrails are named by privacy policies, knowledge bases on the page Knowledge."
        )
        raise InvalidError(f"{found.name} can't be deployed. {what}")
    place = place_of(found)
    if place is None:
        raise InvalidError(
            f"{found.name} can't be called by its own ID in {found.region}: add one of its inference profiles."
        )
    model = _model_of(found)
    where: dict[str, Any] = {"model": model, "region": found.region, **place}
    deployment, is_new = Deployment.objects.get_or_create(**where, provider_account=None)
    if not is_new:
        raise ConflictError(f"{deployment} is there already.")
    return deployment


def place_of(found: Discovered) -> dict[str, str] | None:
    """Profile and ARN of a deployment of what was found; None where it can't be called by itself."""
    if found.kind in _OWN:
        return {"profile": "", "arn": found.identifier}
    if found.kind == FoundKind.PROFILE:
        prefix = found.identifier.partition(".")[0]
        return {"profile": prefix, "arn": ""} if prefix in Deployment.Profile.values else None
    return {"profile": "", "arn": ""} if "ON_DEMAND" in found.facts.get("ways", ()) else None


def _model_of(found: Discovered) -> Model:
    """The catalogue's model: the one that it is made of, where that is known; of an imported one a model of its own."""
    model_id = found.identifier if found.kind == FoundKind.FOUNDATION else str(found.facts.get("base") or "")
    if not model_id:
        own = found.identifier.rpartition("/")[2]
        return Model.objects.filter(model_id=f"imported.{own}").first() or new_model(
            _Offer(model_id=f"imported.{own}", name=found.name, vendor="Imported")
        )
    if (model := Model.objects.filter(model_id=model_id).first()) is not None:
        return model
    kinds = {"kind": FoundKind.FOUNDATION, "identifier": model_id, "account": found.account}
    row = Discovered.objects.filter(**kinds).order_by("-last_seen_at").first()
    if row is None:
        raise InvalidError(
            f"Its model {model_id} is not in the catalogue, and AWS does not list it: add it first."
        )
    return new_model(_offer(row))


def _offer(row: Discovered) -> _Offer:
    facts = row.facts
    return _Offer(
        model_id=row.identifier,
        name=row.name,
        vendor=facts.get("vendor", ""),
        kind="embedding" if facts.get("gives") == ["EMBEDDING"] else "text",
        takes_images="IMAGE" in facts.get("takes", ()),
        legacy_from=_day(facts.get("legacy_from")),
        extended_from=_day(facts.get("extended_from")),
        end_of_life=_day(facts.get("ends_on")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(slots=True)
class Succeeded:
    """What leads to the successor now."""

    aliases: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    """Routes that led to the old model alone, and keep their names, budgets and limits."""


@transaction.atomic
def succeed(model_id: str, *, successor: str = "") -> Succeeded:
    """Leads the names of a model to its successor: as aliases of the successor's routes, or, where they are a route's own that
    leads to the old model alone, by that route's targets. A geography's name leads to the same geography.

    InvalidError where no successor is known, or none has a route.
    """
    successor = successor or successor_of(model_id)
    if not successor:
        raise InvalidError(f"No successor of {model_id} is known: say which, on the model's page.")
    done = Succeeded()
    found = False
    for prefix in ("", *(f"{each}." for each in Deployment.Profile.values if each)):
        route = _route_of(f"{prefix}{successor}")
        if route is None:
            continue
        found = True
        old = _route_of(f"{prefix}{model_id}")
        if old is None:
            route.aliases = [*route.aliases, f"{prefix}{model_id}"]
            route.clean()
            route.save(update_fields=["aliases"])
            done.aliases.append(f"{prefix}{model_id}")
        elif old.pk != route.pk and old.name not in done.routes and _leads_to_alone(old, model_id):
            old.targets.all().delete()
            RouteTarget.objects.bulk_create(
                RouteTarget(
                    route=old, deployment_id=each.deployment_id, position=each.position, weight=each.weight
                )
                for each in route.targets.all()
            )
            done.routes.append(old.name)
    if not found:
        raise InvalidError(f"No route leads to {successor}, the successor of {model_id}: make one first.")
    if not (done.aliases or done.routes):
        raise ConflictError(f"All names of {model_id} lead to another model already.")
    return done


def successor_of(model_id: str) -> str:
    """As an administrator said, or the catalogue; "" where nobody did."""
    said = Model.objects.filter(model_id=model_id).values_list("successor", flat=True).first()
    return said or successors().get(model_id, "")


def _route_of(name: str) -> Route | None:
    return Route.objects.filter(Q(name=name) | Q(aliases__contains=[name])).first()


def _leads_to_alone(route: Route, model_id: str) -> bool:
    models = set(route.targets.values_list("deployment__model__model_id", flat=True))
    return models <= {model_id}
