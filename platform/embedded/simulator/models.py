"""The models the simulator offers, from the project's catalogue of models where there is one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from embedded.simulator.errors import constraint, end_of_life, invalid, model_not_found, not_on_demand
from embedded.simulator.inventory import Inventory
from embedded.simulator.regions import REGIONS
from embedded.simulator.shapes import mapping, string
from embedded.simulator.strict.capabilities import EVERYTHING, ModelCapabilities, capabilities_of, families_of

CATALOGUE = Path(__file__).resolve().parents[3] / "gateway" / "catalogue" / "catalog.json"
DEFAULT_CONTEXT_WINDOW = 200_000
ACCOUNT = "000000000000"

_GEOGRAPHY = re.compile(r"^(?:us-gov|us|eu|apac|global|jp|au|ca)\.")
_PLAUSIBLE = re.compile(r"^[a-z0-9-]+\.[a-zA-Z0-9.:_-]+$")
_ARN = re.compile(r"^arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<id>.+)$")
# What accounts have of their own: the simulator can't know what is behind it, so it takes everything.
_OWN = re.compile(
    r"^arn:aws[a-z-]*:(?:bedrock:[a-z0-9-]*:\d+:(?:custom-model|custom-model-deployment|imported-model|provisioned-model|"
    r"(?:default-)?prompt-router|prompt)/|sagemaker:[a-z0-9-]+:\d+:endpoint/).+"
)
_APPLICATION_PROFILE = "application-inference-profile/"
_PROFILE_NAME = re.compile(r"[0-9a-zA-Z](?:[ _-]?[0-9a-zA-Z])*")
_FILTERS = {
    "byOutputModality": "outputModalities",
    "byInferenceType": "inferenceTypesSupported",
    "byCustomizationType": "customizationsSupported",
}
_VENDORS = {
    "anthropic": "Anthropic",
    "amazon": "Amazon",
    "meta": "Meta",
    "mistral": "Mistral AI",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "openai": "OpenAI",
    "qwen": "Qwen",
}


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A foundation model: callable by its own id in `regions`, by a profile in those a profile reaches."""

    model_id: str
    name: str
    vendor: str
    kind: str = "text"  # "text", "embedding" or "rerank"
    context_window: int = DEFAULT_CONTEXT_WINDOW
    max_output_tokens: int | None = None
    images: bool = True
    end_of_life: str | None = None  # an ISO date
    regions: frozenset[str] = frozenset(REGIONS)
    profiles: tuple[str, ...] = ()  # the geographies of its inference profiles
    capabilities: ModelCapabilities = EVERYTHING

    def inference_types(self, region: str) -> list[str]:
        """How it can be called from a region; empty: not at all."""
        types = ["ON_DEMAND"] if region in self.regions else []
        if any(_reaches(geography, region) for geography in self.profiles):
            types.append("INFERENCE_PROFILE")
        return types

    @property
    def speaks_anthropic(self) -> bool:
        """Whether InvokeModel takes the Anthropic Messages body."""
        return self.model_id.startswith("anthropic.") or self.vendor.lower() == "anthropic"


_BUILT_IN = (
    SimulatedModel("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", "Anthropic", max_output_tokens=64_000,
          profiles=("us", "eu", "apac", "global")),
    SimulatedModel("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", "Anthropic", max_output_tokens=64_000,
          profiles=("us", "eu", "apac", "global")),
    SimulatedModel("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", "Anthropic", max_output_tokens=4_096),
    SimulatedModel("amazon.nova-pro-v1:0", "Nova Pro", "Amazon", context_window=300_000, max_output_tokens=10_000,
          profiles=("us", "eu", "apac")),
    SimulatedModel("amazon.nova-lite-v1:0", "Nova Lite", "Amazon", context_window=300_000, max_output_tokens=10_000,
          profiles=("us", "eu", "apac")),
)  # fmt: skip


class Models:
    """The catalogue; with `closed`, ids outside it are unknown. With `lenient` every model takes everything, everywhere."""

    def __init__(self, models: tuple[SimulatedModel, ...], *, closed: bool, lenient: bool = False) -> None:
        self.lenient = lenient
        self.inventory = Inventory()
        self._models = {model.model_id: model for model in models}
        self._closed = closed
        self._application_profiles: dict[str, dict[str, Any]] = {}

    @classmethod
    def load(cls, path: Path = CATALOGUE, *, lenient: bool = False) -> "Models":
        """The catalogue in a file, or, without one, a few built-in models and any plausible id."""
        if not path.is_file():
            return cls(_BUILT_IN, closed=False, lenient=lenient)
        entries = orjson.loads(path.read_bytes())["models"]
        families = [] if lenient else families_of()
        return cls(tuple(_from_entry(entry, families) for entry in entries), closed=True, lenient=lenient)

    def called(self, model_id: str, region: str, *, anywhere: bool = False) -> SimulatedModel:
        """The model a call from a region goes to. Raises AwsError (400, 404) where no call may go by that id.

        A model is where the list of that region has it; with `anywhere`, wherever AWS may have it.
        """
        if (own := self._own(model_id, region)) is not None:
            return own
        model = self.resolve(model_id)
        if self.lenient or model.model_id not in self._models:
            return model
        if model.end_of_life and model.end_of_life <= datetime.now(UTC).date().isoformat():
            raise end_of_life()
        arn = _ARN.match(model_id)
        if arn and arn["region"] not in ("", region):  # earendil-works/pi#5527
            raise model_not_found()
        if arn and arn["kind"] == "application-inference-profile":
            return model
        geography = _GEOGRAPHY.match(arn["id"] if arn else model_id)
        if geography is None and region not in model.regions and not (anywhere and model.regions):
            raise not_on_demand(model_id) if model.inference_types(region) else model_not_found()
        if geography is not None:
            name = geography[0].rstrip(".")
            if name not in model.profiles or not _reaches(name, region):
                raise model_not_found()
        return model

    def _own(self, model_id: str, region: str) -> SimulatedModel | None:
        """What is behind an ARN of the account's own: what its base model takes; of an imported model everything."""
        base = self.inventory.base_of(model_id, region) if model_id.startswith("arn:") else None
        if base is None:
            return None
        found = self._models.get(base)
        return SimulatedModel(model_id, model_id, "custom") if found is None else found

    def resolve(self, model_id: str) -> SimulatedModel:
        """The model an id, inference profile or ARN stands for. Raises AwsError (400) for an unknown one."""
        if _OWN.match(model_id):
            return SimulatedModel(model_id, model_id, "custom")
        bare = base_id(model_id)
        if model_id in self._application_profiles:
            bare = base_id(self._application_profiles[model_id]["models"][0]["modelArn"])
        if bare in self._models:
            return self._models[bare]
        application_profile = bare.startswith(_APPLICATION_PROFILE)
        unknown = self._closed or not _PLAUSIBLE.match(bare)
        if "does-not-exist" in bare or (unknown and not application_profile):
            raise model_not_found()
        return SimulatedModel(bare, bare, _vendor(bare))

    def summaries(self, region: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The answer of ListFoundationModels, filtered as its query asks."""
        offered = (model for model in self._models.values() if model.inference_types(region))
        found = [_summary(model, region) for model in offered]
        if "byProvider" in query:
            wanted = query["byProvider"].lower()
            found = [summary for summary in found if summary["providerName"].lower() == wanted]
        for name, field in _FILTERS.items():
            if name in query:
                found = [summary for summary in found if query[name] in summary[field]]
        return found

    def profiles(self, region: str) -> list[dict[str, Any]]:
        """The answer of ListInferenceProfiles: the system-defined profiles callable from a region."""
        return [
            _profile(model, geography, region)
            for model in self._models.values()
            for geography in model.profiles
            if _reaches(geography, region)
        ]

    def application_profiles(self, region: str) -> list[dict[str, Any]]:
        """The answer of ListInferenceProfiles: those made by the account in a region."""
        return [found for arn, found in self._application_profiles.items() if f":{region}:" in arn]

    def listed_profiles(self, region: str, kind: str | None) -> list[dict[str, Any]]:
        """Both sorts, or the one asked for. Source: botocore's model of `bedrock`, `InferenceProfileType`. Raises AwsError (400)."""
        if kind not in (None, "SYSTEM_DEFINED", "APPLICATION"):
            raise constraint(kind, "type", "satisfy enum value set: [SYSTEM_DEFINED, APPLICATION]")
        found = [] if kind == "APPLICATION" else self.profiles(region)
        return found if kind == "SYSTEM_DEFINED" else [*found, *self.application_profiles(region)]

    def create_profile(self, region: str, body: dict[str, Any]) -> str:
        """The ARN of a new application inference profile. Raises AwsError (400)."""
        name, source = (
            string(body.get("inferenceProfileName")),
            string(mapping(body.get("modelSource")).get("copyFrom")),
        )
        if not _PROFILE_NAME.fullmatch(name) or len(name) > 64:
            raise invalid(
                "1 validation error detected: Value at 'inferenceProfileName' failed to satisfy constraint"
            )
        if any(found["inferenceProfileName"] == name for found in self.application_profiles(region)):
            raise invalid("The inference profile name that you provided is already used.")
        self.resolve(source)
        number = len(self._application_profiles)
        arn = f"arn:aws:bedrock:{region}:{ACCOUNT}:application-inference-profile/sim{number:09d}"
        self._application_profiles[arn] = {
            "inferenceProfileName": name,
            "inferenceProfileArn": arn,
            "inferenceProfileId": arn.rpartition("/")[2],
            "models": [{"modelArn": source}],
            "status": "ACTIVE",
            "type": "APPLICATION",
        }
        return arn


def base_id(model_id: str) -> str:
    """A model id without ARN, geography and context suffix."""
    arn = _ARN.match(model_id)
    if arn and arn["kind"] == "application-inference-profile":
        return _APPLICATION_PROFILE + arn["id"]
    bare = _GEOGRAPHY.sub("", arn["id"] if arn else model_id)
    return ":".join(bare.split(":")[:2])  # `…-v1:0:200k` names a variant of `…-v1:0`


def require_text(model: SimulatedModel) -> None:
    """Raises AwsError (400) for a model that doesn't converse."""
    if model.kind != "text":
        raise invalid(
            "This action doesn't support the model that you provided. Try again with a supported text or chat model."
        )


def _from_entry(entry: dict[str, Any], families: list[dict[str, Any]]) -> SimulatedModel:
    deployments = entry.get("deployments") or ()
    return SimulatedModel(
        model_id=entry["model_id"],
        name=entry.get("name") or entry["model_id"],
        vendor=entry.get("vendor") or _vendor(entry["model_id"]),
        kind=entry.get("kind") or "text",
        context_window=entry.get("context_window") or DEFAULT_CONTEXT_WINDOW,
        max_output_tokens=entry.get("max_output_tokens") or None,
        images=entry.get("supports_images", True),
        end_of_life=entry.get("end_of_life"),
        regions=frozenset(
            region for each in deployments if not each.get("profile") for region in each["regions"]
        ),
        profiles=tuple(dict.fromkeys(each["profile"] for each in deployments if each.get("profile"))),
        capabilities=capabilities_of(entry, families),
    )


def _vendor(model_id: str) -> str:
    prefix = model_id.partition(".")[0]
    return _VENDORS.get(prefix, prefix.title())


def _arn(model: SimulatedModel, region: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model.model_id}"


def _summary(model: SimulatedModel, region: str) -> dict[str, Any]:
    text = model.kind == "text"
    lifecycle = {"status": "ACTIVE"}
    if model.end_of_life:
        lifecycle["endOfLifeTime"] = f"{model.end_of_life}T00:00:00Z"
    return {
        "modelArn": _arn(model, region),
        "modelId": model.model_id,
        "modelName": model.name,
        "providerName": _VENDORS.get(model.vendor.lower(), model.vendor),
        "inputModalities": ["TEXT", "IMAGE"] if model.images else ["TEXT"],
        "outputModalities": ["TEXT"] if text else ["EMBEDDING"],
        "responseStreamingSupported": text,
        "customizationsSupported": [],
        "inferenceTypesSupported": model.inference_types(region),
        "modelLifecycle": lifecycle,
    }


def _profile(model: SimulatedModel, geography: str, region: str) -> dict[str, Any]:
    profile_id = f"{geography}.{model.model_id}"
    return {
        "inferenceProfileName": f"{geography.upper()} {model.name}",
        "description": f"Routes requests to {model.name} (simulated).",
        "inferenceProfileArn": f"arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{profile_id}",
        "models": [{"modelArn": _arn(model, region)}],
        "inferenceProfileId": profile_id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _reaches(geography: str, region: str) -> bool:
    """Whether a profile of a geography can be called from a region."""
    homes = {"apac": "ap-", "jp": "ap-northeast-", "au": "ap-southeast-", "global": ""}
    return region.startswith(homes.get(geography, f"{geography}-"))
