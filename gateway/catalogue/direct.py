"""What providers beside Bedrock offer, from `gateway/catalogue/direct.json`, and what their own APIs take of a model."""

from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.catalogue.capability import Capability
from gateway.catalogue.listed_prices import ListedPrice
from kernel.errors import InvalidError

DIRECT_FILE = Path(__file__).resolve().parent / "direct.json"


class Takes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider's API takes of the models whose IDs fit a pattern, and where that is from."""

    provider: str
    models: list[str]
    source: str
    capability: dict[str, Any]


class DirectModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that Bedrock does not have."""

    model_id: str
    name: str
    vendor: str
    kind: str
    context_window: int
    max_output_tokens: int
    route: str
    supports_tools: bool = False
    supports_images: bool = False
    supports_prompt_cache: bool = False


class DirectPrice(ListedPrice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one tier."""

    tier: str = ""


class DirectOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model at a provider: what it is called there, its limits and prices."""

    source: str
    provider: str
    model_id: str
    invoke_id: str
    context_window: int
    max_output_tokens: int
    prices: list[DirectPrice]


class DirectCatalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    as_of: str
    note: str
    takes: list[Takes]
    models: list[DirectModel]
    offers: list[DirectOffer]


@cache
def read_direct(path: Path = DIRECT_FILE) -> DirectCatalog:
    """The file. Raises InvalidError naming the place that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=DirectCatalog)
    except msgspec.DecodeError as error:
        raise InvalidError(f"{path}: {error}") from error


def taken_by(provider: str, capability: Capability, *, invoke_id: str) -> Capability:
    """What a model can take and give where it is asked of this provider: what both the model and the API take."""
    facts: dict[str, Any] = {"provider": provider}
    for each in read_direct().takes:
        if each.provider == provider and any(fnmatchcase(capability.model_id, one) for one in each.models):
            facts |= {
                name: tuple(fact) if isinstance(fact, list) else fact
                for name, fact in each.capability.items()
            }
    for offer in read_direct().offers:
        if offer.provider == provider and offer.invoke_id == invoke_id:
            facts |= {"context_window": offer.context_window, "max_output_tokens": offer.max_output_tokens}
    return replace(capability, **facts)
