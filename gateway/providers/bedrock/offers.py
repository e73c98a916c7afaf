"""What a region offers, as the catalogue takes it over, of what Bedrock's control plane lists."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kernel.errors import UnavailableError

PROFILES = frozenset({"us", "eu", "apac", "jp", "au", "global"})
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedException")
"""Codes of a permission that the role lacks."""
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
    extended_from: date | None = None


class ControlPlaneError(UnavailableError):
    """Bedrock's control plane cannot be asked; says why in plain words."""


def offers_from(models: list[dict[str, Any]], profiles: list[dict[str, Any]]) -> list[Offered]:
    """The text and embedding models that can be called, of the rows of the two lists."""
    offers: dict[str, Offered] = {}
    for summary in models:
        if (offer := _offer(summary)) is not None:
            offers[offer.model_id] = offer
    for profile in profiles:
        if profile.get("status", "ACTIVE") != "ACTIVE" or profile.get("type") == "APPLICATION":
            continue
        prefix, _, model_id = str(profile["inferenceProfileId"]).partition(".")
        if prefix in PROFILES and model_id in offers:
            offers[model_id].profiles.add(prefix)
    return [offer for offer in offers.values() if offer.profiles]


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
        extended_from=_day(lifecycle.get("publicExtendedAccessTime")),
        profiles={""} if "ON_DEMAND" in summary.get("inferenceTypesSupported", ()) else set(),
    )


def _day(moment: object) -> date | None:
    return moment.date() if isinstance(moment, datetime) else None
