"""PURE: Converse's answers, whole or streamed, as events."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Extras,
    Finished,
    Json,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.providers.unknown import unknown


class _Wire(msgspec.Struct, rename="camel"):
    """Unknown members are let pass: Bedrock adds to its answers."""


class _Usage(_Wire):
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cache_details: list[Json] | None = None

    def event(self) -> Usage:
        details = self.cache_details or ()
        hour = sum(each.get("inputTokens", 0) for each in details if each.get("ttl") == "1h")
        return Usage(
            input=self.input_tokens,
            output=self.output_tokens,
            cache_read=self.cache_read_input_tokens,
            cache_write=max(self.cache_write_input_tokens - hour, 0),
            cache_write_1h=hour,
        )


class _Metrics(_Wire):
    latency_ms: int = 0


class _Ending(_Wire):
    """What an answer and the last frame of a stream say alike."""

    usage: _Usage
    metrics: _Metrics = msgspec.field(default_factory=_Metrics)
    trace: Any = None
    performance_config: Json | None = None
    service_tier: Json | None = None

    def finished(self, stop_reason: str, fields: Any) -> Finished:
        extras = Extras(
            response_fields=fields,
            trace=self.trace,
            performance_config=self.performance_config,
            service_tier=self.service_tier,
            cache_details=self.usage.cache_details,
        )
        return Finished(
            stop_reason,
            self.usage.event(),
            self.metrics.latency_ms,
            _tier(self.performance_config, self.service_tier),
            _stop_sequence(fields),
            None if extras == _NO_EXTRAS else extras,
        )


_NO_EXTRAS = Extras()


def _tier(performance: Json | None, service: Json | None) -> str | None:
    """The tier served, as prices name it; None where the answer does not say."""
    if performance is None and service is None:
        return None
    if performance is not None and performance.get("latency") == "optimized":
        return "optimized"
    kind = "default" if service is None else service.get("type", "default")
    return "" if kind == "default" else str(kind)


def _stop_sequence(fields: Any) -> str:
    """Which one it was, where the model says so beside Converse's own members."""
    found = fields.get("stop_sequence") if isinstance(fields, dict) else None
    return found if isinstance(found, str) else ""


class _Message(_Wire):
    content: list[dict[str, Any]]


class _Output(_Wire):
    message: _Message


class _Answer(_Ending, kw_only=True):
    output: _Output
    stop_reason: str
    additional_model_response_fields: Any = None


class _ReasoningDelta(_Wire):
    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class _ToolUseDelta(_Wire):
    input: str = ""


_REASONING = {"text", "signature", "redactedContent"}


class _Delta(_Wire):
    text: str | None = None
    tool_use: _ToolUseDelta | None = None
    reasoning_content: _ReasoningDelta | None = None
    citation: Json | None = None


class _DeltaEvent(_Wire):
    delta: _Delta
    content_block_index: int


class _ToolUseStart(_Wire):
    tool_use_id: str
    name: str


class _StartEvent(_Wire):
    start: Json
    content_block_index: int


class _StopEvent(_Wire):
    content_block_index: int


class _MessageStop(_Wire):
    stop_reason: str
    additional_model_response_fields: Any = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_delta = msgspec.json.Decoder(_DeltaEvent).decode
_decode_start = msgspec.json.Decoder(_StartEvent).decode
_decode_stop = msgspec.json.Decoder(_StopEvent).decode
_decode_message_stop = msgspec.json.Decoder(_MessageStop).decode
_decode_metadata = msgspec.json.Decoder(_Ending).decode


def events_of_answer(body: bytes, *, takes_raw: bool = True) -> Iterator[Event]:
    """The events of a whole answer. Raises msgspec.MsgspecError, KeyError or TypeError for what is no answer.

    Blocks of unknown kinds come as they are with `takes_raw`, else as their text where they have one.
    """
    answer = _decode_answer(body)
    for index, block in enumerate(answer.output.message.content):
        for kind, value in block.items():
            yield from _events_of_block(index, kind, value, takes_raw)
        yield BlockStop(index)
    yield answer.finished(answer.stop_reason, answer.additional_model_response_fields)


def _events_of_block(index: int, kind: str, value: Any, takes_raw: bool) -> Iterator[Event]:
    match kind, value:
        case "text", _:
            yield TextDelta(index, _text(value))
        case "toolUse", dict() if _is_callers(value):
            yield ToolStart(index, _text(value["toolUseId"]), _text(value["name"]))
            yield ToolDelta(index, orjson.dumps(value.get("input", {})).decode())
        case "reasoningContent", {"reasoningText": {"text": str(text), **more}, **others} if not others:
            yield ReasoningDelta(index, text, str(more.get("signature") or ""))
        case "reasoningContent", {"redactedContent": str(data), **others} if not others:
            yield ReasoningDelta(index, data=data)
        case "citationsContent", dict() if (texts := _cited_texts(value)) and (
            len(texts) == 1 or not takes_raw
        ):
            for text in texts:
                yield TextDelta(index, text)
            yield Citations(index, value.get("citations") or [])
        case _:
            yield from unknown(index, "block", {kind: value}, takes_raw=takes_raw)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _is_callers(use: Json) -> bool:
    """Whether the caller is to run the tool: what has a type of its own was run by Bedrock."""
    return use.get("type") is None


def _cited_texts(value: Json) -> list[str]:
    """The texts of a cited text; none where there is more to it than Gatehouse knows."""
    parts = value.get("content")
    if not isinstance(parts, list) or not value.keys() <= {"content", "citations"}:
        return []
    texts = [part["text"] for part in parts if isinstance(part, dict) and part.keys() == {"text"}]
    return texts if len(texts) == len(parts) and all(isinstance(text, str) for text in texts) else []


class StreamTranslator:
    """Turns the frames of one stream into events; `Finished` comes with the metadata, which is Converse's last frame."""

    def __init__(self, *, takes_raw: bool = True) -> None:
        self._takes_raw = takes_raw
        self._not_callers: set[int] = set()
        """Blocks of tools that are not the caller's to run."""
        self._stop_reason = ""
        self._fields: Any = None
        self.is_finished = False

    def feed(self, event_type: str, payload: bytes) -> Iterator[Event]:
        """The events of a frame. Raises msgspec.MsgspecError for what does not fit its type."""
        if event_type == "contentBlockDelta":
            item = _decode_delta(payload)
            if item.delta.text is not None:
                yield TextDelta(item.content_block_index, item.delta.text)
            else:
                yield from self._delta(item, payload)
        elif event_type == "contentBlockStart":
            yield from self._start(_decode_start(payload))
        elif event_type == "contentBlockStop":
            yield BlockStop(_decode_stop(payload).content_block_index)
        elif event_type == "messageStop":
            stop = _decode_message_stop(payload)
            self._stop_reason, self._fields = stop.stop_reason, stop.additional_model_response_fields
        elif event_type == "metadata":
            self.is_finished = True
            yield _decode_metadata(payload).finished(self._stop_reason, self._fields)

    def _delta(self, item: _DeltaEvent, payload: bytes) -> Iterator[Event]:
        """A delta that is no text."""
        index, delta = item.content_block_index, item.delta
        reasoning = delta.reasoning_content
        if delta.tool_use is not None and index not in self._not_callers:
            yield ToolDelta(index, delta.tool_use.input)
        elif reasoning is not None and (reasoning.text or reasoning.signature or reasoning.redacted_content):
            yield ReasoningDelta(index, reasoning.text, reasoning.signature, reasoning.redacted_content)
        elif delta.citation is not None:
            yield Citations(index, [delta.citation])
        elif reasoning is None or not orjson.loads(payload)["delta"]["reasoningContent"].keys() <= _REASONING:
            yield from unknown(index, "delta", orjson.loads(payload)["delta"], takes_raw=self._takes_raw)

    def _start(self, item: _StartEvent) -> Iterator[Event]:
        index, start = item.content_block_index, item.start
        use = start.get("toolUse")
        if isinstance(use, dict) and _is_callers(use):
            found = msgspec.convert(use, _ToolUseStart)
            yield ToolStart(index, found.tool_use_id, found.name)
            return
        if use is not None:
            self._not_callers.add(index)
        yield from unknown(index, "start", start, takes_raw=self._takes_raw)
