"""Every address of the gateway: what is spoken there, and how it is answered. Nothing else knows a path."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, partial
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from gateway.entrances.formats.completions import CompletionsEntrance
from gateway.entrances.formats.embeddings import EmbeddingsEntrance
from gateway.entrances.formats.entrance import AnthropicEntrance, ConverseEntrance, Entrance, OpenAIEntrance
from gateway.entrances.formats.incoming import Scope
from gateway.entrances.formats.invoke import InvokeEntrance
from gateway.entrances.formats.invoke_families import family_asked
from gateway.entrances.formats.prompts import PromptEntrance
from gateway.entrances.formats.rerank import RerankEntrance
from gateway.entrances.formats.responses import ResponsesEntrance
from gateway.snapshot.state import Snapshot

View = Callable[..., Any]
"""A view of Django's: an HttpRequest and the parts of the path in, an awaitable HttpResponse out."""

_OPENAI, _ANTHROPIC = OpenAIEntrance(), AnthropicEntrance()


def _loaded(module: str, name: str) -> Callable[[], View]:
    """A view that is loaded when a gateway starts: Django REST framework takes a while, and not every process is one."""

    @cache
    def load() -> View:
        view: View = getattr(import_module(f"gateway.entrances.views.{module}"), name).as_view()
        return view

    return load


_CALL = _loaded("base", "CallView")


class Answers(StrEnum):
    """How calls are answered at an address."""

    WHOLE = "whole"
    STREAM = "stream"
    EITHER = "either"  # as the body asks


@dataclass(frozen=True, slots=True)
class Address:
    """`path` may have parts in braces: `{name}` has no slash in it, `{name*}` may."""

    path: str
    entrance: Callable[..., Entrance] | None = None
    """Makes the entrance of one call; takes the parts of the path. None: what is asked there is no call."""
    answers: Answers = Answers.WHOLE
    view: Callable[[], View] = _CALL
    takes_large_bodies: bool = False
    reads_itself: bool = False
    """Whether its view reads what is posted itself, as it comes: a file."""
    makes_calls: bool = False
    """Whether a view makes calls of its own: then it is made once by an idempotency key, too."""
    goes_by_family: bool = False
    """Whether the entrance has to know which family the model is of that the address names."""
    pattern: re.Pattern[str] | None = field(init=False, default=None)

    def entrance_of(self, parts: dict[str, str], snapshot: Snapshot) -> Entrance:
        """The entrance of one call."""
        assert self.entrance is not None
        more: dict[str, Any] = (
            {"family": family_asked(snapshot, parts["model"])} if self.goes_by_family else {}
        )
        return self.entrance(**parts, **more)

    def __post_init__(self) -> None:
        if "{" in self.path:
            text = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))
            object.__setattr__(self, "pattern", re.compile(text))


CHAT_SOCKET = "/ws/v1/chat"
"""The one WebSocket (gateway/entrances/websocket.py)."""

_MODELS = _loaded("models", "ModelsView")
_FOUNDATION_MODELS = _loaded("bedrock", "FoundationModelsView")
_PROFILES = _loaded("bedrock", "InferenceProfilesView")
ADDRESSES = (
    Address("/v1/chat/completions", lambda: _OPENAI, Answers.EITHER),
    Address("/v1/completions", CompletionsEntrance, Answers.EITHER),
    Address("/v1/responses", ResponsesEntrance, Answers.EITHER),
    Address(
        "/v1/responses/input_tokens", view=_loaded("responses", "InputTokensView"), takes_large_bodies=True
    ),
    Address("/v1/responses/{id}", view=_loaded("responses", "ResponseView")),
    Address("/v1/responses/{id}/cancel", view=_loaded("responses", "CancelView")),
    Address("/v1/responses/{id}/input_items", view=_loaded("responses", "InputItemsView")),
    Address("/v1/embeddings", EmbeddingsEntrance),
    Address("/v1/rerank", RerankEntrance),
    Address("/v1/messages", lambda: _ANTHROPIC, Answers.EITHER),
    Address(
        "/v1/messages/count_tokens",
        view=_loaded("count_tokens", "CountTokensView"),
        takes_large_bodies=True,
    ),
    Address("/v1/prompts/{name}/run", PromptEntrance, Answers.EITHER),
    Address("/bedrock/model/{model*}/converse", ConverseEntrance),
    Address(
        "/bedrock/model/{model*}/converse-stream",
        lambda model: ConverseEntrance(model=model, is_stream=True),
        Answers.STREAM,
    ),
    Address("/bedrock/model/{model*}/invoke", InvokeEntrance, goes_by_family=True),
    Address(
        "/bedrock/model/{model*}/invoke-with-response-stream",
        partial(InvokeEntrance, is_stream=True),
        Answers.STREAM,
        goes_by_family=True,
    ),
    Address(
        "/bedrock/model/{model*}/count-tokens",
        view=_loaded("bedrock", "BedrockCountTokensView"),
        takes_large_bodies=True,
    ),
    Address("/bedrock/foundation-models", view=_FOUNDATION_MODELS),
    Address("/bedrock/foundation-models/{model*}", view=_FOUNDATION_MODELS),
    Address("/bedrock/inference-profiles", view=_PROFILES),
    Address("/bedrock/inference-profiles/{profile*}", view=_PROFILES),
    Address(
        "/bedrock/guardrail/{guardrail*}/version/{version}/apply",
        view=_loaded("apply_guardrail", "ApplyGuardrailView"),
        takes_large_bodies=True,
    ),
    Address("/bedrock/knowledgebases/{base}/retrieve", view=_loaded("retrieval", "RetrieveView")),
    Address(
        "/bedrock/retrieveAndGenerate",
        view=_loaded("retrieval", "RetrieveAndGenerateView"),
        makes_calls=True,
    ),
    Address("/v1/moderations", view=_loaded("moderations", "ModerationsView"), takes_large_bodies=True),
    Address("/v1/feedback", view=_loaded("feedback", "FeedbackView")),
    Address("/v1/async/{path*}", view=_loaded("jobs", "JobsView"), takes_large_bodies=True),
    Address("/internal/jobs/{id}/run", view=_loaded("jobs", "RunJobView")),
    Address("/v1/files", view=_loaded("files", "FilesView"), reads_itself=True),
    Address("/v1/files/{id}", view=_loaded("files", "FileView")),
    Address("/v1/files/{id}/content", view=_loaded("files", "ContentView")),
    Address("/v1/batches", view=_loaded("batches", "BatchesView")),
    Address("/v1/batches/{id}", view=_loaded("batches", "BatchView")),
    Address("/v1/batches/{id}/cancel", view=_loaded("batches", "CancelBatchView")),
    Address("/internal/batches/{id}/step", view=_loaded("batches", "StepView")),
    Address("/v1/me", view=_loaded("me", "MeView")),
    Address("/v1/me/usage", view=_loaded("me", "MyUsageView")),
    Address("/v1/models", view=_MODELS),
    Address("/v1/models/{model*}", view=_MODELS),
)
ANTHROPIC_PREFIX = "/v1/messages"
CONVERSE_PREFIX = "/bedrock/"
"""Whoever asks for anything below them speaks Anthropic's format, or Bedrock's, and is refused in it; elsewhere it is OpenAI's."""

_EXACT = {address.path: address for address in ADDRESSES if address.pattern is None}
_PATTERNS = tuple((address, address.pattern) for address in ADDRESSES if address.pattern is not None)


def load_views() -> None:
    """Loads what answers, so that no call has to wait for it."""
    for address in ADDRESSES:
        address.view()


def find(scope: Scope) -> tuple[Address, dict[str, str]] | None:
    """The address of a request, and the parts of its path; None where there is nothing.

    Parts are told apart before they are unquoted: an ARN has slashes of its own, which clients send as `%2F`. Should that
    lead nowhere, it is read unquoted: proxies rewrite paths, and every spelling of one leads to the same place.
    """
    if (exact := _EXACT.get(scope["path"])) is not None:
        return exact, {}
    raw: bytes | None = scope.get("raw_path")
    path: str = scope["path"]
    return (raw and _match(raw.decode("latin-1"), unquotes=True)) or _match(path, unquotes=False)


def _match(path: str, *, unquotes: bool) -> tuple[Address, dict[str, str]] | None:
    for address, pattern in _PATTERNS:
        if (match := pattern.fullmatch(path)) is not None:
            parts = match.groupdict()
            return address, {name: unquote(part) for name, part in parts.items()} if unquotes else parts
    return None
