"""What administrators make of what was found, with one click: a deployment."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from gateway.catalogue.models import Deployment, Model
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
        prefix, arn = found.identifier.partition(".")[0], str(found.facts.get("arn") or "")
        if prefix in Deployment.Profile.values:
            return {"profile": prefix, "arn": ""}
        return {"profile": "", "arn": arn} if arn else None  # of a geography that has no name here
    return {"profile": "", "arn": ""} if "ON_DEMAND" in found.facts.get("ways", ()) else None


def _model_of(found: Discovered) -> Model:
    """The catalogue's model: the one that it is made of, where that is known; of an imported one a model of its own."""
    model_id = found.identifier if found.kind == FoundKind.FOUNDATION else str(found.facts.get("base") or "")
    if found.kind == FoundKind.PROFILE and not model_id:  # named after the model that it leads to
        model_id = found.identifier.partition(".")[2]
    if not model_id:
        own = found.identifier.rpartition("/")[2]
        return Model.objects.filter(model_id=f"imported.{own}").first() or new_model(
            _Offer(model_id=f"imported.{own}", name=found.name, vendor="Imported")
        )
    # “…-v1:0:300k” is a variant that can be customised: what is made of it is one of “…-v1:0”.
    plain = model_id.rpartition(":")[0] if model_id.count(":") > 1 else model_id
    if (
        model := Model.objects.filter(model_id__in=(model_id, plain)).order_by("model_id").first()
    ) is not None:
        return model
    kinds = {"kind": FoundKind.FOUNDATION, "identifier__in": (model_id, plain), "account": found.account}
    row = Discovered.objects.filter(**kinds).order_by("identifier", "-last_seen_at").first()
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
