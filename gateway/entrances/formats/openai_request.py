"""PURE: the body of OpenAI's chat completions, as callers send it.

Source: the OpenAI API reference, "Create chat completion". Members that change nothing here are accepted and let go.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.conversation import Json


class TextPart(msgspec.Struct, tag="text"):
    text: str


class ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class ImagePart(msgspec.Struct, tag="image_url"):
    image_url: ImageUrl


class RefusalPart(msgspec.Struct, tag="refusal"):
    refusal: str


Part = TextPart | ImagePart | RefusalPart


class Function(msgspec.Struct):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct):
    id: str
    function: Function
    type: Literal["function"] = "function"


class ChatMessage(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None


class FunctionSpec(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None


class ChatToolSpec(msgspec.Struct):
    function: FunctionSpec
    type: Literal["function"] = "function"


class NamedFunction(msgspec.Struct):
    name: str


class NamedTool(msgspec.Struct):
    function: NamedFunction
    type: Literal["function"] = "function"


class JsonSchema(msgspec.Struct):
    name: str
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


_Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ChatRequest(msgspec.Struct):
    """The body of POST /v1/chat/completions."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[ChatMessage]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: _Temperature | None = None
    top_p: _Share | None = None
    stop: str | list[str] | None = None
    tools: list[ChatToolSpec] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    user: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    modalities: list[str] | None = None
    functions: list[Any] | None = None
    metadata: Any = None
    """Read for prompts only: anything may be in it otherwise."""
    service_tier: Literal["auto", "default", "flex", "priority"] | None = None
