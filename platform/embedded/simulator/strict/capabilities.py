"""What each model can take, from the files of the catalogue, read as data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

CAPABILITIES = Path(__file__).resolve().parents[4] / "gateway" / "catalogue" / "capabilities.json"


@dataclass(frozen=True, slots=True)
class ModelCapabilities:
    """What a model takes. As it stands: everything, for models of which nothing is known."""

    tools: bool = True
    tool_choices: tuple[str, ...] = ("auto", "any", "tool")
    images: bool = True
    images_in_results: bool = True
    documents: bool = True
    video: bool = True
    audio: bool = True
    citations: bool = True
    text_with_results: bool = True
    results_first: bool = False
    cache_points: int = 4
    cache_min_tokens: int = 0
    cache_lifetimes: tuple[str, ...] = ("5m", "1h")
    cache_places: tuple[str, ...] = ("tools", "system", "messages")
    structured_output: bool = True
    thinking: tuple[str, ...] = ("budget", "adaptive")
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
    sampling: str = "all"  # or "one" of temperature and topP, or "none"
    prefill: bool = True
    stop_sequences: bool = True
    betas: tuple[str, ...] | None = None  # patterns; None: those that any model takes
    streaming: bool = True
    streamed_tools: bool = True
    count_tokens_id: str | None = None  # the one id that CountTokens takes; empty: none; None: any
    output_burndown: int = 1  # what one token of output takes of a quota
    is_known: bool = False


EVERYTHING = ModelCapabilities()
_READ = {field.name for field in fields(ModelCapabilities)} - {"tools", "images", "is_known"}


def families_of(path: Path = CAPABILITIES) -> list[dict[str, Any]]:
    """The entries of the file, in order; none without the file."""
    if not path.is_file():
        return []
    families: list[dict[str, Any]] = orjson.loads(path.read_bytes())["families"]
    return families


def capabilities_of(entry: Mapping[str, Any], families: list[dict[str, Any]]) -> ModelCapabilities:
    """Those of a model of the catalogue: later entries of the file override earlier ones."""
    if not families:
        return EVERYTHING
    model_id = entry["model_id"]
    found: dict[str, Any] = {}
    for family in families:
        if any(fnmatchcase(model_id, pattern) for pattern in family["models"]):
            found |= family
    known = {name: _frozen(value) for name, value in found.items() if name in _READ}
    known["count_tokens_id"] = str(found.get("count_tokens_id", "")).replace("{model_id}", model_id)
    return ModelCapabilities(
        **known,
        tools=entry.get("supports_tools", True),
        images=entry.get("supports_images", True),
        is_known=True,
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
