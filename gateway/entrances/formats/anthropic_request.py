"""PURE: the body of Anthropic's Messages, as callers send it, and what becomes of each of its members.

Source: the types of the `anthropic` SDK, its beta ones among them.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.conversation import Json
from gateway.entrances.formats.anthropic_blocks import CacheControl, Part, Text
from gateway.entrances.formats.members import Members, Strict, Treatment


class AnthropicMessage(Strict):
    role: Literal["user", "assistant", "system"]
    content: str | list[Part]


class AnthropicTool(Strict):
    """A tool of the caller's own, or by its type one that Anthropic defines; members of the latter are not looked at."""

    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Json | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[Any] | None = None
    eager_input_streaming: bool | None = None
    max_characters: int | None = None
    max_uses: Any = None
    allowed_domains: Any = None
    blocked_domains: Any = None
    user_location: Any = None
    citations: Any = None
    max_content_tokens: Any = None
    mcp_server_name: Any = None
    default_config: Any = None
    configs: Any = None
    model: Any = None
    caching: Any = None


class ToolChoice(Strict):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(Strict, omit_defaults=True):
    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = None
    display: str | None = None


class Format(Strict):
    type: Literal["json_schema"]
    schema: Json
    name: str | None = None


class OutputConfig(Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: Format | None = None


def output_config(wanted: OutputConfig, older: Format | None = None) -> Json | None:
    """What Converse calls `outputConfig`. `older` is the format by the member that this one came after."""
    found: Json = {}
    if (form := wanted.format or older) is not None:
        structure = {"jsonSchema": {"schema": msgspec.json.encode(form.schema).decode(), "name": "answer"}}
        found["textFormat"] = {"type": "json_schema", "structure": structure}
    if wanted.effort is not None:
        found["effort"] = wanted.effort
    return found or None


_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class MessagesRequest(Strict):
    """The body of POST /v1/messages and /v1/messages/count_tokens."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[AnthropicMessage]
    max_tokens: int | None = None
    """Without it, the route's default holds."""
    system: str | list[Text] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: _Share | None = None
    top_p: _Share | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    tools: list[AnthropicTool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None
    cache_control: CacheControl | None = None
    context_management: Any = None
    metadata: Any = None
    """Read for prompts, and for whom a call is made."""
    service_tier: str | None = None
    betas: Any = None
    speed: Any = None
    container: Any = None
    mcp_servers: Any = None
    inference_geo: Any = None
    diagnostics: Any = None
    user_profile_id: Any = None
    workspace_id: Any = None
    billing_policy: Any = None
    fallback_credit_token: Any = None
    fallbacks: Any = None
    compaction: Any = None
    thread: Any = None


_H, _L, _N, _R = Treatment.HONOURED, Treatment.LET_GO, Treatment.NOTED, Treatment.REFUSED
_TABLE = {
    "model": _H, "messages": _H, "max_tokens": _H, "system": _H, "stream": _H, "stop_sequences": _H, "temperature": _H,
    "top_p": _H, "top_k": _H, "tools": _H, "tool_choice": _H, "thinking": _H, "output_config": _H, "output_format": _H,
    "cache_control": _H, "context_management": _H, "metadata": _H, "betas": _H,
    "service_tier": _L, "diagnostics": _L, "user_profile_id": _L, "workspace_id": _L, "billing_policy": _L,
    "speed": _N, "fallbacks": _N, "fallback_credit_token": _N,
    "container": _R, "mcp_servers": _R, "inference_geo": _R, "compaction": _R, "thread": _R,
}  # fmt: skip
"""What becomes of each member. `fallbacks` name who answers when a model can't, which is the route's to say here; `thread`
keeps the conversation at the provider, so that without it half of it is missing: by the refusal the SDK goes on without."""
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "speed": ("standard",), "fallbacks": ([],), "mcp_servers": ([],), "container": ("", {}), "inference_geo": ("",),
    "compaction": ({},), "thread": ({},),
}  # fmt: skip
"""Values that ask for nothing."""
_HINTS = {
    "inference_geo": "Which region answers is decided by the route. Leave it out.",
    "mcp_servers": "Connect to them yourself, and send their tools.",
    "compaction": "Shorten the conversation yourself.",
}
MEMBERS = Members(_TABLE, neutral=_NEUTRAL, hints=_HINTS)
