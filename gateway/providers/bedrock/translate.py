"""PURE: Converse's answers, whole or streamed, as events."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from gateway.events import (
    BlockStop,
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)


class _Wire(msgspec.Struct, rename="camel"):
    """Unknown members are let pass: Bedrock adds to its answers."""


class _CacheDetail(_Wire):
    ttl: str
    input_tokens: int


class _Usage(_Wire):
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cache_details: list[_CacheDetail] = []

    def event(self) -> Usage:
        hour = sum(detail.input_tokens for detail in self.cache_details if detail.ttl == "1h")
        return Usage(
            input=self.input_tokens,
            output=self.output_tokens,
            cache_read=self.cache_read_input_tokens,
            cache_write=max(self.cache_write_input_tokens - hour, 0),
            cache_write_1h=hour,
        )


class _Metrics(_Wire):
    latency_ms: int = 0


class _Performance(_Wire):
    latency: str = "standard"


class _ServiceTier(_Wire):
    type: str = "default"


def _tier(performance: _Performance | None, service: _ServiceTier | None) -> str | None:
    """The tier served, as prices name it; None where the answer does not say."""
    if performance is None and service is None:
        return None
    if performance is not None and performance.latency == "optimized":
        return "optimized"
    return "" if service is None or service.type == "default" else service.type


def _stop_sequence(fields: Any) -> str:
    """Which one it was, where the model says so beside Converse's own members."""
    found = fields.get("stop_sequence") if isinstance(fields, dict) else None
    return found if isinstance(found, str) else ""


class _Message(_Wire):
    content: list[dict[str, Any]]


class _Output(_Wire):
    message: _Message


class _Answer(_Wire):
    output: _Output
    stop_reason: str
    usage: _Usage
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    performance_config: _Performance | None = None
    service_tier: _ServiceTier | None = None
    additional_model_response_fields: Any = None


class _ReasoningDelta(_Wire):
    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class _ToolUseDelta(_Wire):
    input: str = ""


class _Delta(_Wire):
    text: str | None = None
    tool_use: _ToolUseDelta | None = None
    reasoning_content: _ReasoningDelta | None = None


class _DeltaEvent(_Wire):
    delta: _Delta
    content_block_index: int


class _ToolUseStart(_Wire):
    tool_use_id: str
    name: str


class _Start(_Wire):
    tool_use: _ToolUseStart | None = None


class _StartEvent(_Wire):
    start: _Start
    content_block_index: int


class _StopEvent(_Wire):
    content_block_index: int


class _MessageStop(_Wire):
    stop_reason: str
    additional_model_response_fields: Any = None


class _Metadata(_Wire):
    usage: _Usage
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    performance_config: _Performance | None = None
    service_tier: _ServiceTier | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_delta = msgspec.json.Decoder(_DeltaEvent).decode
_decode_start = msgspec.json.Decoder(_StartEvent).decode
_decode_stop = msgspec.json.Decoder(_StopEvent).decode
_decode_message_stop = msgspec.json.Decoder(_MessageStop).decode
_decode_metadata = msgspec.json.Decoder(_Metadata).decode


def events_of_answer(body: bytes) -> Iterator[Event]:
    """The events of a whole answer. Raises msgspec.MsgspecError for what is no answer."""
    answer = _decode_answer(body)
    for index, block in enumerate(answer.output.message.content):
        if "text" in block:
            yield TextDelta(index, block["text"])
        elif "toolUse" in block:
            use = block["toolUse"]
            yield ToolStart(index, use["toolUseId"], use["name"])
            yield ToolDelta(index, orjson.dumps(use.get("input", {})).decode())
        elif "reasoningContent" in block:
            reasoning = block["reasoningContent"]
            shown = reasoning.get("reasoningText", {})
            yield ReasoningDelta(
                index, shown.get("text", ""), shown.get("signature", ""), reasoning.get("redactedContent", "")
            )
        yield BlockStop(index)
    yield Finished(
        answer.stop_reason,
        answer.usage.event(),
        answer.metrics.latency_ms,
        _tier(answer.performance_config, answer.service_tier),
        _stop_sequence(answer.additional_model_response_fields),
    )


class StreamTranslator:
    """Turns the frames of one stream into events; `Finished` comes with the metadata, which is Converse's last frame."""

    def __init__(self) -> None:
        self._stop_reason = ""
        self._stop_sequence = ""
        self.is_finished = False

    def feed(self, event_type: str, payload: bytes) -> Iterator[Event]:
        """The events of a frame. Raises msgspec.MsgspecError for what does not fit its type."""
        if event_type == "contentBlockDelta":
            item = _decode_delta(payload)
            delta = item.delta
            if delta.text is not None:
                yield TextDelta(item.content_block_index, delta.text)
            elif delta.tool_use is not None:
                yield ToolDelta(item.content_block_index, delta.tool_use.input)
            elif (reasoning := delta.reasoning_content) is not None:
                yield ReasoningDelta(
                    item.content_block_index, reasoning.text, reasoning.signature, reasoning.redacted_content
                )
        elif event_type == "contentBlockStart":
            start = _decode_start(payload)
            if (use := start.start.tool_use) is not None:
                yield ToolStart(start.content_block_index, use.tool_use_id, use.name)
        elif event_type == "contentBlockStop":
            yield BlockStop(_decode_stop(payload).content_block_index)
        elif event_type == "messageStop":
            stop = _decode_message_stop(payload)
            self._stop_reason = stop.stop_reason
            self._stop_sequence = _stop_sequence(stop.additional_model_response_fields)
        elif event_type == "metadata":
            metadata = _decode_metadata(payload)
            self.is_finished = True
            yield Finished(
                self._stop_reason,
                metadata.usage.event(),
                metadata.metrics.latency_ms,
                _tier(metadata.performance_config, metadata.service_tier),
                self._stop_sequence,
            )
