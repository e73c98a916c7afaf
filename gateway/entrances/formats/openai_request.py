"""PURE: the body of OpenAI's chat completions, as callers send it.

Source: the OpenAI API reference, "Create chat completion"; for members that are not of it but that clients send, the
pages of LiteLLM (`thinking`, `thinking_blocks`) and OpenRouter (`reasoning`, `cache_control`).
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.conversation import Json
from gateway.entrances.formats.anthropic_blocks import CacheControl
from gateway.entrances.formats.members import Members, Strict, Treatment


class TextPart(Strict, tag="text"):
    text: str
    cache_control: CacheControl | None = None
    annotations: Any = None


class ImageUrl(Strict):
    url: str
    detail: str | None = None
    format: str | None = None


class ImagePart(Strict, tag="image_url"):
    image_url: ImageUrl | str
    cache_control: CacheControl | None = None


class FileData(Strict):
    file_data: str | None = None
    filename: str | None = None
    file_id: str | None = None
    format: str | None = None


class FilePart(Strict, tag="file"):
    file: FileData
    cache_control: CacheControl | None = None


class AudioPart(Strict, tag="input_audio"):
    input_audio: Any = None


class VideoPart(Strict, tag="video_url"):
    video_url: Any = None


class RefusalPart(Strict, tag="refusal"):
    refusal: str


class ThinkingPart(Strict, tag="thinking"):
    thinking: str
    signature: str = ""


class RedactedPart(Strict, tag="redacted_thinking"):
    data: str


Part = TextPart | ImagePart | FilePart | AudioPart | VideoPart | RefusalPart | ThinkingPart | RedactedPart


class Function(Strict):
    name: str
    arguments: str | Json = "{}"


class CustomCall(Strict):
    name: str
    input: str = ""


class ToolCall(Strict):
    id: str
    function: Function | None = None
    custom: CustomCall | None = None
    type: Literal["function", "custom"] | None = "function"
    index: int | None = None
    cache_control: CacheControl | None = None


class ChatMessage(Strict):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None
    cache_control: CacheControl | None = None
    function_call: Function | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[ThinkingPart | RedactedPart] | None = None
    reasoning: Any = None
    reasoning_details: list[Any] | None = None
    annotations: Any = None
    audio: Any = None


class FunctionSpec(Strict):
    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None


class CustomSpec(Strict):
    name: str
    description: str | None = None
    format: Json | None = None


class ChatToolSpec(Strict):
    """A tool. Editors send functions flat, too, as Responses and Anthropic's Messages have them: with a name of their own."""

    function: FunctionSpec | None = None
    custom: CustomSpec | None = None
    type: str = "function"
    cache_control: CacheControl | None = None
    name: str | None = None
    description: str | None = None
    parameters: Json | None = None
    input_schema: Json | None = None
    strict: bool | None = None

    def own_function(self) -> FunctionSpec | None:
        """The function, in whichever form it came."""
        if self.function is not None or self.type != "function" or self.name is None:
            return self.function
        return FunctionSpec(
            name=self.name,
            description=self.description,
            parameters=self.parameters or self.input_schema,
            strict=self.strict,
        )


class Named(Strict):
    name: str


class AllowedTools(Strict):
    tools: list[Json]
    mode: Literal["auto", "required"] = "auto"


class NamedTool(Strict):
    function: Named | None = None
    custom: Named | None = None
    allowed_tools: AllowedTools | None = None
    type: Literal["function", "custom", "allowed_tools", "auto", "none", "required", "any"] = "function"


class JsonSchema(Strict):
    name: str = "answer"
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None
    schema: Json | None = None


class StreamOptions(Strict):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Thinking(Strict):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: int | None = None
    display: str | None = None


class Reasoning(Strict):
    effort: str | None = None
    max_tokens: int | None = None
    enabled: bool | None = None
    exclude: bool | None = None
    summary: str | None = None


_Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ChatRequest(Strict):
    """The body of POST /v1/chat/completions."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[ChatMessage]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: _Temperature | None = None
    top_p: _Share | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    tools: list[ChatToolSpec] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    reasoning: Reasoning | None = None
    thinking: Thinking | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    n: int | None = None
    user: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    prompt_cache_options: Any = None
    store: Any = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    modalities: list[str] | None = None
    audio: Any = None
    functions: list[FunctionSpec] | None = None
    function_call: Literal["none", "auto"] | Named | None = None
    seed: int | None = None
    prediction: Any = None
    web_search_options: Json | None = None
    moderation: Any = None
    cache_control: CacheControl | None = None
    metadata: Any = None
    """Read for prompts only: anything may be in it otherwise."""
    service_tier: str | None = None


_H, _L, _N, _R = Treatment.HONOURED, Treatment.LET_GO, Treatment.NOTED, Treatment.REFUSED
_TABLE = {
    "model": _H, "messages": _H, "stream": _H, "stream_options": _H, "max_tokens": _H, "max_completion_tokens": _H,
    "temperature": _H, "top_p": _H, "top_k": _H, "stop": _H, "tools": _H, "tool_choice": _H, "parallel_tool_calls": _H,
    "response_format": _H, "reasoning_effort": _H, "reasoning": _H, "thinking": _H, "verbosity": _H, "functions": _H,
    "function_call": _H, "cache_control": _H, "metadata": _H, "service_tier": _H,
    "user": _L, "safety_identifier": _L, "prompt_cache_key": _H, "prompt_cache_retention": _L, "prompt_cache_options": _L,
    "store": _L,
    "seed": _N, "prediction": _N, "moderation": _N,
    "n": _R, "logprobs": _R, "top_logprobs": _R, "logit_bias": _R, "presence_penalty": _R, "frequency_penalty": _R,
    "modalities": _R, "audio": _R, "web_search_options": _R,
}  # fmt: skip
"""What becomes of each member. `prediction` only makes an answer faster, and `seed` promises nothing (OpenAI API reference)."""
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,), "modalities": (["text"], []), "logprobs": (False,), "top_logprobs": (0,), "logit_bias": ({},),
    "presence_penalty": (0,), "frequency_penalty": (0,),
}  # fmt: skip
"""Values that ask for nothing."""
_HINTS = {
    "n": "Only n=1 is.",
    "modalities": "Ask for text.",
    "web_search_options": "Give the model a tool that searches.",
}
MEMBERS = Members(_TABLE, neutral=_NEUTRAL, hints=_HINTS)
