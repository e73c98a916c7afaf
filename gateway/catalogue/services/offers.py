"""Brings models and deployments up to what a region offers. Never makes up a price or a limit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from django.db import transaction

from gateway.catalogue.models import Deployment, Model
from gateway.catalogue.seed import facts_of
from gateway.catalogue.services.capabilities import bring_up


class ModelOffer(Protocol):
    """What is known of a model in a region; see `gateway.providers.bedrock.offers`."""

    model_id: str
    name: str
    vendor: str
    kind: str
    takes_images: bool
    legacy_from: date | None
    end_of_life: date | None
    extended_from: date | None
    profiles: set[str]


@dataclass(slots=True)
class Synced:
    """What changed in a region, by invoke id."""

    new_models: list[str] = field(default_factory=list)
    new_deployments: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


@transaction.atomic
def sync_region(
    *, region: str, offers: Iterable[ModelOffer], disable_gone: bool = False, adds: bool = True
) -> Synced:
    """Adds what is new, unless it only brings up what is known; what is gone is reported, and disabled on request.

    A new model has no context window and no price, so calls to it are refused until somebody enters them.
    """
    result = Synced()
    models = {model.model_id: model for model in Model.objects.all()}
    existing = {
        (each.model.model_id, each.profile): each
        for each in Deployment.objects.filter(region=region, arn="", provider_account=None).select_related(
            "model"
        )
    }
    offered: set[tuple[str, str]] = set()
    for offer in offers:
        if (model := models.get(offer.model_id)) is None:
            if not adds:
                continue
            model = models[offer.model_id] = new_model(offer)
            result.new_models.append(offer.model_id)
        else:
            _bring_up(model, offer)
        for profile in offer.profiles:
            offered.add((offer.model_id, profile))
            if adds and (offer.model_id, profile) not in existing:
                deployment = Deployment.objects.create(model=model, region=region, profile=profile)
                result.new_deployments.append(deployment.invoke_id)
    for place, deployment in existing.items():
        if place not in offered and deployment.is_enabled:
            result.gone.append(deployment.invoke_id)
            if disable_gone:
                deployment.is_enabled = False
                deployment.save(update_fields=["is_enabled"])
    return result


def _bring_up(model: Model, offer: ModelOffer) -> None:
    """Takes over what AWS says of the model. What an admin has said of its input stays."""
    facts: dict[str, object] = {}
    if offer.end_of_life is not None:
        facts["end_of_life"] = offer.end_of_life
    if offer.legacy_from is not None:
        facts["legacy_from"] = offer.legacy_from
    if offer.extended_from is not None:
        facts["extended_from"] = offer.extended_from
    if model.seeded.get("supports_images") == model.supports_images:
        facts["supports_images"] = offer.takes_images or model.supports_images
    changed = [name for name, fact in facts.items() if getattr(model, name) != fact]
    for name in changed:
        setattr(model, name, facts[name])
    if changed:
        model.save(update_fields=changed)


_DATES = {"legacy_from": "legacy_from", "extended_from": "extended_from", "ends_on": "end_of_life"}
"""Columns, by the names that discovery has for AWS's dates."""


@transaction.atomic
def withdraw_dates(
    withdrawn: Mapping[str, Mapping[str, date]], *, still: Mapping[str, Mapping[str, date | None]]
) -> None:
    """Takes dates from models that AWS gave and gives no more, by model ID and name; what an admin has put in their place stays.

    `still` has those that another region gives.
    """
    for model in Model.objects.filter(model_id__in=withdrawn):
        others = still.get(model.model_id, {})
        gone = [
            _DATES[name]
            for name, day in withdrawn[model.model_id].items()
            if getattr(model, _DATES[name]) == day and others.get(name) is None
        ]
        for column in gone:
            setattr(model, column, None)
        if gone:
            model.save(update_fields=gone)


def new_model(offer: ModelOffer) -> Model:
    """With what the seed says beyond AWS's list. All of it counts as said, so that what an admin edits stays."""
    model = Model(model_id=offer.model_id)
    listed = {
        "name": offer.name,
        "vendor": offer.vendor,
        "kind": offer.kind,
        "legacy_from": offer.legacy_from,
        "end_of_life": offer.end_of_life,
        "extended_from": offer.extended_from,
    }
    bring_up(
        model,
        {
            **facts_of(offer.model_id),
            **listed,
            "context_window": 0,
            "supports_images": offer.takes_images,
        },
    )
    model.save()
    return model
