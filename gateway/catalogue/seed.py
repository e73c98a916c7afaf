"""What models can do, from `gateway/catalogue/capabilities.json`: patterns of model IDs, later ones over those before."""

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from kernel.errors import InvalidError

RETIRED_FILE = Path(__file__).resolve().parent / "retired.json"
CAPABILITIES_FILE = Path(__file__).resolve().parent / "capabilities.json"


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Facts about the models whose IDs fit a pattern, and where they are from. What is not set is as before."""

    models: list[str]
    source: str
    tool_choices: list[str] | None = None
    parallel_tools_switch: bool | None = None
    documents: bool | None = None
    video: bool | None = None
    audio: bool | None = None
    images_in_results: bool | None = None
    text_with_results: bool | None = None
    results_first: bool | None = None
    citations: bool | None = None
    cache_points: int | None = None
    cache_min_tokens: int | None = None
    cache_lifetimes: list[str] | None = None
    betas: list[str] | None = None
    cache_places: list[str] | None = None
    structured_output: bool | None = None
    thinking: list[str] | None = None
    efforts: list[str] | None = None
    sampling: str | None = None
    prefill: bool | None = None
    stop_sequences: bool | None = None
    streaming: bool | None = None
    streamed_tools: bool | None = None
    count_tokens_id: str | None = None
    invoke_families: list[str] | None = None
    output_burndown: int | None = None


class Retired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that AWS has ended."""

    model_id: str
    name: str
    successor: str
    """The model ID to use in its place."""
    source: str


class RetiredModels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`gateway/catalogue/retired.json`."""

    as_of: str
    note: str
    models: list[Retired]


class Capabilities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    as_of: str
    note: str
    families: list[Family]


_COLUMNS = {
    "parallel_tools_switch": "supports_parallel_switch",
    "documents": "supports_documents",
    "video": "supports_video",
    "audio": "supports_audio",
    "images_in_results": "supports_images_in_results",
    "text_with_results": "supports_text_with_results",
    "results_first": "needs_results_first",
    "citations": "supports_citations",
    "structured_output": "supports_structured_output",
    "prefill": "supports_prefill",
    "stop_sequences": "supports_stop_sequences",
    "streaming": "supports_streaming",
    "streamed_tools": "supports_streamed_tools",
}
"""Where a fact's column has another name."""


@cache
def read_capabilities(path: Path = CAPABILITIES_FILE) -> Capabilities:
    """The file. Raises InvalidError naming the place that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Capabilities)
    except msgspec.DecodeError as error:
        raise InvalidError(f"{path}: {error}") from error


@cache
def read_retired(path: Path = RETIRED_FILE) -> tuple[Retired, ...]:
    """The models that AWS has ended, with their successors. Raises InvalidError naming the place that is wrong."""
    try:
        return tuple(msgspec.json.decode(path.read_bytes(), type=RetiredModels).models)
    except msgspec.DecodeError as error:
        raise InvalidError(f"{path}: {error}") from error


def facts_of(model_id: str) -> dict[str, Any]:
    """The columns of a model that the file says something about."""
    found: dict[str, Any] = {}
    for family in read_capabilities().families:
        if any(fnmatchcase(model_id, pattern) for pattern in family.models):
            facts = msgspec.to_builtins(family)
            found |= {
                _COLUMNS.get(name, name): fact
                for name, fact in facts.items()
                if name not in ("models", "source")
            }
    if found.get("count_tokens_id"):
        found["count_tokens_id"] = found["count_tokens_id"].format(model_id=model_id)
    return found


def sources_of(model_id: str) -> list[str]:
    """Where the facts about a model are from."""
    return [
        family.source
        for family in read_capabilities().families
        if any(fnmatchcase(model_id, pattern) for pattern in family.models)
    ]
