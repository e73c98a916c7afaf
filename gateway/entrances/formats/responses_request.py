"""PURE: the body of OpenAI's Responses, as callers send it, and the parts of its items.

Source: the types of the `openai` SDK (`ResponseCreateParams`, `ResponseInputItemParam`). What is not named here is looked
up in `responses_members`.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.conversation import Json
from gateway.entrances.formats.openai_request import StreamOptions


class Reasoning(msgspec.Struct):
    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed", "none"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None


class TextFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct):
    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class PromptReference(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    version: str | None = None
    variables: dict[str, Any] | None = None


_Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ResponsesRequest(msgspec.Struct):
    """The body of POST /v1/responses and /v1/responses/input_tokens."""

    model: str | None = None
    input: str | list[Any] | None = None
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_output_tokens: int | None = None
    temperature: _Temperature | None = None
    top_p: _Share | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    prompt: PromptReference | None = None
    metadata: dict[str, Any] | None = None
    include: list[str] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    service_tier: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None


class CacheBreakpoint(msgspec.Struct):
    """A mark: all of the prompt up to here may be cached (`prompt_cache_breakpoint`, or Anthropic's `cache_control`)."""

    ttl: str | None = None

    def point(self) -> Json:
        """Converse's mark of the same place. OpenAI's lifetimes begin at half an hour: Bedrock's hour keeps that."""
        return {"type": "default"} if self.ttl in (None, "5m") else {"type": "default", "ttl": "1h"}


class Part(msgspec.Struct):
    """A part of a message, or of what a tool answered. Which members are set depends on its type."""

    type: str
    text: str = ""
    refusal: str = ""
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None
    cache_control: CacheBreakpoint | None = None


class MessageItem(msgspec.Struct):
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Part] | None = None


class FunctionCall(msgspec.Struct):
    call_id: str
    name: str
    arguments: str = "{}"
    namespace: str | None = None


class CustomToolCall(msgspec.Struct):
    call_id: str
    name: str
    input: str = ""
    namespace: str | None = None


class ToolOutput(msgspec.Struct):
    """What a function or a custom tool answered."""

    call_id: str
    output: str | list[Part]
    status: str | None = None


class LocalShellCall(msgspec.Struct):
    call_id: str
    action: Json


class LocalShellOutput(msgspec.Struct):
    id: str
    output: str
    call_id: str | None = None


class ShellCall(msgspec.Struct):
    call_id: str
    action: Json


class ShellOutput(msgspec.Struct):
    call_id: str
    output: str | list[Json]


class PatchCall(msgspec.Struct):
    call_id: str
    operation: Json


class PatchOutput(msgspec.Struct):
    call_id: str
    output: str | None = None
    status: str | None = None


class SummaryPart(msgspec.Struct):
    text: str
    type: str = "summary_text"


class ReasoningItem(msgspec.Struct):
    encrypted_content: str | None = None
    summary: list[SummaryPart] = []


class MoreTools(msgspec.Struct):
    tools: list[Any]


class Reference(msgspec.Struct):
    id: str
