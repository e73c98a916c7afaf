"""PURE: the request as every entrance hands it on, in the shape of Bedrock's Converse API.

Source: the service model of `bedrock-runtime`, operation Converse. The structs name what Gatehouse reads; the
blocks it only passes on (documents, video, …) stay plain JSON.
"""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]
_PROBE_LENGTH = 8


class Struct(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """The base of all wire structs: camelCase on the wire, unset members left out, unknown ones refused."""


class ToolUse(Struct):
    tool_use_id: str
    name: str
    input: Any
    type: str | None = None


class ToolResultBlock(Struct):
    text: str | None = None
    json: Any = msgspec.UNSET
    image: Json | None = None
    document: Json | None = None
    video: Json | None = None
    search_result: Json | None = None


class ToolResult(Struct):
    tool_use_id: str
    content: list[ToolResultBlock]
    status: Literal["success", "error"] | None = None
    type: str | None = None


class Block(Struct):
    """One block of content: exactly one member is set."""

    text: str | None = None
    image: Json | None = None
    document: Json | None = None
    video: Json | None = None
    audio: Json | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    guard_content: Json | None = None
    cache_point: Json | None = None
    reasoning_content: Json | None = None
    citations_content: Json | None = None
    search_result: Json | None = None


class Message(Struct):
    role: Literal["user", "assistant"]
    content: list[Block]


class SystemBlock(Struct):
    text: str | None = None
    guard_content: Json | None = None
    cache_point: Json | None = None


class InferenceConfig(Struct):
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None


class InputSchema(Struct):
    json: Any


class ToolSpec(Struct):
    name: str
    input_schema: InputSchema
    description: str | None = None
    strict: bool | None = None


class Tool(Struct):
    tool_spec: ToolSpec | None = None
    cache_point: Json | None = None


class ToolConfig(Struct):
    tools: list[Tool]
    tool_choice: Json | None = None


class PerformanceConfig(Struct):
    latency: Literal["standard", "optimized"]


class ServiceTier(Struct):
    type: Literal["default", "priority", "flex"]


class Conversation(Struct):
    """What the model is asked. Every entrance makes one; the Bedrock client sends it as it is."""

    messages: list[Message]
    system: list[SystemBlock] | None = None
    inference_config: InferenceConfig | None = None
    tool_config: ToolConfig | None = None
    output_config: Json | None = None
    additional_model_request_fields: Json | None = None
    additional_model_response_field_paths: list[str] | None = None
    request_metadata: dict[str, str] | None = None
    performance_config: PerformanceConfig | None = None
    service_tier: ServiceTier | None = None

    @property
    def tier(self) -> str:
        """The price tier asked for, as prices name it; "" is standard."""
        if self.performance_config is not None and self.performance_config.latency == "optimized":
            return "optimized"
        if self.service_tier is not None and self.service_tier.type != "default":
            return self.service_tier.type
        return ""

    @property
    def is_json_wanted(self) -> bool:
        """Whether the answer's text is to be JSON of a schema."""
        return self.output_config is not None and "textFormat" in self.output_config

    @property
    def is_probe(self) -> bool:
        """Whether it asks for one token about next to nothing, as agents do for each model on starting."""
        config = self.inference_config
        if (
            config is None
            or config.max_tokens != 1
            or self.tool_config is not None
            or len(self.messages) != 1
        ):
            return False
        texts = [block.text for block in self.messages[0].content if block.cache_point is None]
        return len(texts) == 1 and texts[0] is not None and len(texts[0]) <= _PROBE_LENGTH

    @property
    def image_count(self) -> int:
        """Images in messages and in the results of tools."""
        blocks = [block for message in self.messages for block in message.content]
        results = [part for block in blocks if block.tool_result for part in block.tool_result.content]
        return sum(block.image is not None for block in blocks) + sum(
            part.image is not None for part in results
        )


encode = msgspec.json.Encoder().encode
