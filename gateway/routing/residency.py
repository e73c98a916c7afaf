"""PURE: in which regions a call may be answered. A pin names regions (eu-central-1) or geographies (eu), as inference profiles do."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gateway.call import Call
from gateway.snapshot.names import GEOGRAPHIES
from gateway.snapshot.state import DeploymentEntry, RouteEntry
from prompts.registry.policy.document import Document

_PREFIXES = {"us-gov": "us-gov", "us": "us", "eu": "eu", "ap": "apac", "ca": "ca"}
"""What regions begin with, by geography."""
_COUNTRIES = {"ap-northeast-1": "jp", "ap-northeast-3": "jp", "ap-southeast-2": "au", "ap-southeast-4": "au"}
"""Regions of geographies that are within another one. Source: AWS user guide, "Supported Regions and models for inference profiles"."""

_SAY_NOTHING = (":application-inference-profile/", ":inference-profile/", "prompt-router/", ":prompt/")
"""In ARNs; a profile of a geography that has no name here is one of them. Source: botocore's model of `bedrock-runtime`, `ConversationalModelId`; AWS user guide, "Understanding intelligent
prompt routing in Amazon Bedrock"."""


def places_of(region: str) -> frozenset[str]:
    """A region, and the geographies that it is in."""
    found = {region}
    if region in _COUNTRIES:
        found.add(_COUNTRIES[region])
    for prefix, geography in _PREFIXES.items():
        if region.startswith(f"{prefix}-"):
            found.add(geography)
            break
    return frozenset(found)


def document_of(call: Call) -> Document | None:
    """The version of the prompt that is run; None where none is."""
    if not call.has_prompt or call.prompt.version is None or call.prompt.version.compiled is None:
        return None
    return call.prompt.version.compiled.document


def is_within(deployment: DeploymentEntry, pins: Iterable[tuple[str, ...]]) -> bool:
    """Whether all that answers calls of a deployment is where each of the pins says: a profile's calls may go anywhere in its
    geography."""
    account = deployment.account
    if account is not None and account.aws_region:  # whatever its place is called here
        places = places_of(account.aws_region)
    else:
        places = _places(deployment.region, deployment.invoke_id)
    return all(not places.isdisjoint(each) for each in pins)


@lru_cache(maxsize=4096)
def _places(region: str, invoke_id: str) -> frozenset[str]:
    geography = geography_of(invoke_id)
    if geography:
        return frozenset((geography, "apac")) if geography in ("jp", "au") else frozenset((geography,))
    return places_of(region)


def geography_of(invoke_id: str) -> str:
    """Of a cross-region profile's id, or the ARN of one; "" for what answers in its own region.

    An application inference profile does not say what it was made from, nor a prompt router what it asks, which are profiles
    as a rule: their calls may go anywhere that their region's do.
    """
    name = invoke_id.rpartition("/")[2] if invoke_id.startswith("arn:") else invoke_id
    prefix = name.partition(".")[0]
    if prefix in GEOGRAPHIES and name.count(".") > 1:
        return prefix
    return "unknown" if any(kind in invoke_id for kind in _SAY_NOTHING) else ""


def pins_of(call: Call, route: RouteEntry) -> tuple[tuple[str, ...], ...]:
    """Those that are set, of team, route and prompt, and of where the call came from: it stays within each."""
    if call.request.prompt is None:
        prompt: tuple[str, ...] = ()
        if not call.key.team.regions and not route.regions:
            return call.within
    else:
        document = document_of(call)
        prompt = () if document is None else document.regions
    found = (*call.within, call.key.team.regions, route.regions, prompt)
    return tuple(dict.fromkeys(pins for pins in found if pins))
