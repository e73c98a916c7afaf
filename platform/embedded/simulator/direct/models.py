"""The models that these providers have, from the project's files of the catalogue."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from embedded.simulator.direct.errors import no_model
from embedded.simulator.models import CATALOGUE, Models, SimulatedModel
from embedded.simulator.strict.capabilities import ModelCapabilities

DIRECT = CATALOGUE.with_name("direct.json")
KEYS = {
    "openai": "sk-simulated-openai-0001",
    "anthropic": "sk-ant-simulated-0002",
    "perplexity": "pplx-simulated-0003",
}
"""The keys that are taken."""


@dataclass(frozen=True, slots=True)
class DirectModel:
    """A model at a provider: what is known of it, and whether it writes to its cache at a price."""

    name: str
    model: SimulatedModel
    reasons: bool
    writes_cache: bool


class DirectModels:
    """By provider and the name that it has there."""

    def __init__(self, models: Models, path: Path = DIRECT) -> None:
        found: dict[str, Any] = (
            orjson.loads(path.read_bytes()) if path.is_file() else {"offers": [], "models": []}
        )
        own = {each["model_id"]: each for each in found["models"]}
        self._by_name = {
            (each["provider"], each["invoke_id"]): _model(each, own.get(each["model_id"]), models)
            for each in found["offers"]
        }

    def get(self, provider: str, name: Any) -> DirectModel:
        """Raises DirectError for one that the provider does not have."""
        found = self._by_name.get((provider, str(name)))
        if found is None:
            raise no_model(provider, str(name))
        return found

    def names(self, provider: str) -> list[str]:
        return [name for of, name in self._by_name if of == provider]


def _model(each: dict[str, Any], own: dict[str, Any] | None, models: Models) -> DirectModel:
    name, is_openai = each["invoke_id"], each["provider"] == "openai"
    reasons = is_openai and name.startswith(("gpt-5", "gpt-6"))
    if own is None:
        base = models.resolve(each["model_id"])
    else:
        base = SimulatedModel(
            own["model_id"], own["name"], own["vendor"], own["kind"], images=own.get("supports_images", False)
        )
    capabilities = base.capabilities
    if each["provider"] != "anthropic":  # all that is long enough is kept by itself
        capabilities = ModelCapabilities(cache_min_tokens=1024)
    model = replace(
        base,
        context_window=each["context_window"],
        max_output_tokens=each["max_output_tokens"] or None,
        capabilities=capabilities,
    )
    writes = any("cache_write" in price for price in each["prices"])
    return DirectModel(name, model, reasons, writes)
