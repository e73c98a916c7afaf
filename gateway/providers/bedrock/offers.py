"""What a region offers, from Bedrock's control plane. Called by a command, never on the way of a call."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateway.providers.bedrock.boto_time import timed_client
from kernel.errors import UnavailableError

PROFILES = frozenset({"us", "eu", "apac", "jp", "au", "global"})
_KINDS = {"TEXT": "text", "EMBEDDING": "embedding"}


@dataclass(slots=True)
class Offered:
    """A text or embedding model in a region, and how it can be called there: `""` on demand, or by profile."""

    model_id: str
    name: str
    vendor: str
    kind: str
    takes_images: bool
    legacy_from: date | None
    end_of_life: date | None
    profiles: set[str] = field(default_factory=set)


class ControlPlaneError(UnavailableError):
    """Bedrock's control plane cannot be asked; says why in plain words."""


def list_offers(*, region: str, endpoint_url: str = "") -> list[Offered]:
    """The text and embedding models a region offers now. Raises ControlPlaneError."""
    config = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2, "mode": "standard"})
    try:
        client = timed_client("bedrock", region_name=region, endpoint_url=endpoint_url or None, config=config)
        models = client.list_foundation_models()["modelSummaries"]
        profiles = _profiles(client)
    except (BotoCoreError, ClientError) as error:
        raise ControlPlaneError(f"{region}: {error}") from error
    offers: dict[str, Offered] = {}
    for summary in models:
        if (offer := _offer(summary)) is not None:
            offers[offer.model_id] = offer
    for profile_id in profiles:
        prefix, _, model_id = profile_id.partition(".")
        if prefix in PROFILES and model_id in offers:
            offers[model_id].profiles.add(prefix)
    return [offer for offer in offers.values() if offer.profiles]


def _profiles(client: Any) -> list[str]:
    pages = client.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED")
    return [
        str(summary["inferenceProfileId"])
        for page in pages
        for summary in page["inferenceProfileSummaries"]
        if summary.get("status", "ACTIVE") == "ACTIVE"
    ]


def _offer(summary: dict[str, Any]) -> Offered | None:
    model_id = str(summary["modelId"])
    kind = next((_KINDS[each] for each in summary.get("outputModalities", ()) if each in _KINDS), None)
    # “…-v1:0:200k” is a variant that only provisioned throughput has.
    if kind is None or model_id.count(":") > 1:
        return None
    lifecycle = summary.get("modelLifecycle", {})
    return Offered(
        model_id=model_id,
        name=str(summary.get("modelName") or model_id),
        vendor=str(summary.get("providerName") or ""),
        kind=kind,
        takes_images="IMAGE" in summary.get("inputModalities", ()),
        legacy_from=_day(lifecycle.get("legacyTime")),
        end_of_life=_day(lifecycle.get("endOfLifeTime")),
        profiles={""} if "ON_DEMAND" in summary.get("inferenceTypesSupported", ()) else set(),
    )


def _day(moment: object) -> date | None:
    return moment.date() if isinstance(moment, datetime) else None
