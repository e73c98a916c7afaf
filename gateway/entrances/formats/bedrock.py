"""PURE: what Bedrock's own API says besides answers of models: the words of its errors, and its lists of models.

Source: botocore's model of `bedrock`, operations ListFoundationModels, GetFoundationModel, ListInferenceProfiles and
GetInferenceProfile.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from gateway.conversation import Json
from gateway.entrances.formats.entrance import ConverseEntrance
from gateway.snapshot.names import GEOGRAPHIES
from gateway.snapshot.state import DeploymentEntry, KeyEntry, RouteEntry, Snapshot

_ACCOUNT = "000000000000"
"""Which account Gatehouse calls is nobody's business; the address is taken back all the same."""
_PROVIDERS = {"mistral": "Mistral AI", "meta": "Meta", "openai": "OpenAI", "ai21": "AI21 Labs"}


class BedrockEntrance(ConverseEntrance):
    """What is asked of Bedrock that is no call of a model. Its refusals are Converse's."""

    name: ClassVar[str] = "bedrock"

    def __init__(self) -> None:
        super().__init__(model="")


class Catalogue:
    """The models that one key may call now, as Bedrock lists them."""

    def __init__(self, snapshot: Snapshot, key: KeyEntry, now: datetime) -> None:
        self._snapshot, self._key, self._now = snapshot, key, now

    def models(self) -> list[Json]:
        """Summaries of foundation models that can be called by their own ID."""
        found: dict[str, Json] = {}
        for _, deployment in self._deployments():
            if deployment.model_id not in found and self._leads_on(deployment.model_id):
                found[deployment.model_id] = _summary(deployment)
        return list(found.values())

    def profiles(self) -> list[Json]:
        """Inference profiles: AWS's own, and those of the key's team."""
        found: dict[str, Json] = {}
        for route, deployment in self._deployments():
            own = self._key.team.inference_profiles.get(deployment.id)
            for called in filter(None, (own, deployment.invoke_id)):
                if called in found:
                    _add_model(found[called], deployment)
                elif _is_profile(called, deployment) and self._leads_on(called):
                    found[called] = _profile(called, deployment, route)
        return list(found.values())

    def _deployments(self) -> Iterator[tuple[RouteEntry, DeploymentEntry]]:
        """Those of Bedrock: what else a route has, AWS's clients can't ask for by an ID of AWS's."""
        for name in self._snapshot.route_names:
            if self._key.may_call(name, self._now):
                route = self._snapshot.routes[name]
                for deployment in route.deployments:
                    if deployment.account is None:
                        yield route, deployment

    def _leads_on(self, name: str) -> bool:
        """Whether a call by this name goes somewhere that the key may call."""
        route = self._snapshot.route(name, self._key.team)
        return route is not None and self._key.may_call(route.name, self._now)


def _is_profile(called: str, deployment: DeploymentEntry) -> bool:
    if called.startswith("arn:"):
        return ":application-inference-profile/" in called
    geography, _, rest = called.partition(".")
    return geography in GEOGRAPHIES and rest == deployment.model_id


def _arn(deployment: DeploymentEntry) -> str:
    return f"arn:aws:bedrock:{deployment.region}::foundation-model/{deployment.model_id}"


def _summary(deployment: DeploymentEntry) -> Json:
    capability = deployment.capability
    modalities = {
        "TEXT": True, "IMAGE": capability.supports_images, "VIDEO": capability.supports_video and deployment.kind == "text",
        "SPEECH": capability.supports_audio and deployment.kind == "text",
    }  # fmt: skip
    is_text = deployment.kind == "text"
    vendor = deployment.vendor
    return {
        "modelArn": _arn(deployment),
        "modelId": deployment.model_id,
        "modelName": deployment.name or deployment.model_id,
        "providerName": _PROVIDERS.get(vendor.lower(), vendor),
        "inputModalities": [name for name, is_taken in modalities.items() if is_taken],
        "outputModalities": ["EMBEDDING" if deployment.kind == "embedding" else "TEXT"],
        "responseStreamingSupported": is_text,
        "customizationsSupported": [],
        # Whichever way Bedrock is called: a caller may use the model's own ID.
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def _profile(called: str, deployment: DeploymentEntry, route: RouteEntry) -> Json:
    is_own = called.startswith("arn:")
    name = deployment.name or deployment.model_id
    moment = f"{route.created_at:%Y-%m-%dT%H:%M:%SZ}"
    arn = called if is_own else f"arn:aws:bedrock:{deployment.region}:{_ACCOUNT}:inference-profile/{called}"
    return {
        "inferenceProfileName": name if is_own else f"{called.partition('.')[0].upper()} {name}",
        "description": f"Routes requests to {name}.",
        "createdAt": moment,
        "updatedAt": moment,
        "inferenceProfileArn": arn,
        "models": [{"modelArn": _arn(deployment)}],
        "inferenceProfileId": arn.rpartition("/")[2],
        "status": "ACTIVE",
        "type": "APPLICATION" if is_own else "SYSTEM_DEFINED",
    }


def _add_model(profile: Json, deployment: DeploymentEntry) -> None:
    model: dict[str, Any] = {"modelArn": _arn(deployment)}
    if model not in profile["models"]:
        profile["models"].append(model)
