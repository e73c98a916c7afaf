"""PURE: answers of Anthropic's Messages, whole or streamed, as events. Source: the types of the `anthropic` SDK."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from gateway.events import (
    BlockStop,
    Citations,
    Event,
    Finished,
    Json,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.providers.openai.usage import MAX_TOKENS
from gateway.providers.unknown import unknown

_LOCATIONS = {
    "char_location": ("documentChar", "start_char_index", "end_char_index"),
    "page_location": ("documentPage", "start_page_number", "end_page_number"),
    "content_block_location": ("documentChunk", "start_block_index", "end_block_index"),
}
_TIERS = {"standard": "", "priority": "priority", "batch": "batch"}


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Usage(msgspec.Struct):
    """`input_tokens` is without those of the cache. Those of a stream's end are sums, and may say less than its beginning."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    service_tier: str | None = None


class _Message(msgspec.Struct):
    content: list[Json]
    usage: _Usage
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Delta(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: Json | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class StreamEvent(msgspec.Struct):
    """One event of a stream, whichever it is."""

    type: str
    index: int | None = None
    message: _Message | None = None
    content_block: Json | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: Json | None = None


decode_event = msgspec.json.Decoder(StreamEvent).decode
_decode_answer = msgspec.json.Decoder(_Message).decode


class MessagesReader:
    """Turns what comes into events. `is_finished` once the stream has said that it is."""

    def __init__(self, *, takes_raw: bool = True) -> None:
        self._takes_raw = takes_raw
        self._usage: dict[str, int] = {}
        self._hour = 0
        self._tier: str | None = None
        self._reason = ""
        self._sequence = ""
        self._has_written = False
        self._ignored: set[int] = set()
        """Blocks of kinds that are not known: nothing is told of their deltas."""
        self.is_finished = False

    def whole(self, content: bytes) -> Iterator[Event]:
        """The events of a whole answer. Raises msgspec.MsgspecError, KeyError or TypeError for what is none."""
        answer = _decode_answer(content)
        self._note(answer.usage)
        self._has_written = bool(answer.content)
        for index, block in enumerate(answer.content):
            yield from self._block(index, block)
            yield BlockStop(index)
        self._reason, self._sequence = answer.stop_reason or "", answer.stop_sequence or ""
        if not self._reason:
            raise KeyError("stop_reason")
        yield self._finished()

    def feed(self, event: StreamEvent) -> Iterator[Event]:
        """The events of one of a stream. The same errors."""
        index = event.index or 0
        if event.type == "content_block_delta" and event.delta is not None:
            if index not in self._ignored:
                yield from self._delta(index, event.delta)
        elif event.type == "content_block_start" and event.content_block is not None:
            yield from self._start(index, event.content_block)
        elif event.type == "content_block_stop":
            self._has_written = True
            yield BlockStop(index)
        elif event.type == "message_start" and event.message is not None:
            self._note(event.message.usage)
        elif event.type == "message_delta":
            if event.usage is not None:
                self._note(event.usage)
            if event.delta is not None:
                self._reason = event.delta.stop_reason or self._reason
                self._sequence = event.delta.stop_sequence or self._sequence
        elif event.type == "message_stop":
            self.is_finished = bool(self._reason)
            if self.is_finished:
                yield self._finished()

    def _block(self, index: int, block: Json) -> Iterator[Event]:
        match block:
            case {"type": "text", "text": str(text), **more}:
                yield TextDelta(index, text)
                if found := [
                    citation(each) for each in more.get("citations") or () if isinstance(each, dict)
                ]:
                    yield Citations(index, found)
            case {"type": "tool_use", "id": str(use_id), "name": str(name), **more}:
                yield ToolStart(index, use_id, name)
                yield ToolDelta(index, orjson.dumps(more.get("input", {})).decode())
            case {"type": "thinking", "thinking": str(text), **more}:
                yield ReasoningDelta(index, text, str(more.get("signature") or ""))
            case {"type": "redacted_thinking", "data": str(data)}:
                yield ReasoningDelta(index, data=data)
            case _:
                yield from unknown(index, "block", {_kind(block): block}, takes_raw=self._takes_raw)

    def _start(self, index: int, block: Json) -> Iterator[Event]:
        match block:
            case {"type": "text"}:
                if block.get("text"):
                    yield TextDelta(index, str(block["text"]))
            case {"type": "tool_use"}:
                yield ToolStart(index, str(block["id"]), str(block["name"]))
                if block.get("input"):  # whole at once, as servers in Anthropic's place may send it
                    yield ToolDelta(index, orjson.dumps(block["input"]).decode())
            case {"type": "thinking"}:
                if block.get("thinking"):
                    yield ReasoningDelta(index, str(block["thinking"]))
            case {"type": "redacted_thinking"}:
                yield ReasoningDelta(index, data=str(block["data"]))
            case _:
                self._ignored.add(index)
                yield from unknown(index, "start", {_kind(block): block}, takes_raw=self._takes_raw)

    def _delta(self, index: int, delta: _Delta) -> Iterator[Event]:
        if delta.text is not None:
            yield TextDelta(index, delta.text)
        elif delta.partial_json is not None:
            yield ToolDelta(index, delta.partial_json)
        elif delta.thinking is not None:
            yield ReasoningDelta(index, delta.thinking)
        elif delta.signature is not None:
            yield ReasoningDelta(index, signature=delta.signature)
        elif delta.citation is not None:
            yield Citations(index, [citation(delta.citation)])

    def _note(self, usage: _Usage) -> None:
        for name in (
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ):
            value = getattr(usage, name)
            if value is not None and value <= MAX_TOKENS:
                self._usage[name] = max(value, self._usage.get(name, 0))
        if usage.cache_creation is not None:
            hour = usage.cache_creation.ephemeral_1h_input_tokens or 0
            self._hour = max(self._hour, hour if hour <= MAX_TOKENS else 0)
        if usage.service_tier:
            self._tier = _TIERS.get(usage.service_tier, usage.service_tier)

    def _finished(self) -> Finished:
        counts = self._usage
        written = counts.get("cache_creation_input_tokens", 0)
        usage = Usage(
            input=counts.get("input_tokens", 0),
            output=counts.get("output_tokens", 0),
            cache_read=counts.get("cache_read_input_tokens", 0),
            cache_write=max(written - self._hour, 0),
            cache_write_1h=self._hour,
        )
        # Where what it says can't be, it is estimated: no prompt is of nothing, and no text.
        is_cut = not usage.prompt or (self._has_written and not usage.output)
        return Finished(self._reason, usage, tier=self._tier, stop_sequence=self._sequence, is_cut=is_cut)


def _kind(block: Any) -> str:
    return str(block.get("type") or "unknown")


def citation(given: Json) -> Json:
    """One citation as Converse has it."""
    kind = str(given.get("type") or "")
    cited = [{"text": str(given.get("cited_text") or "")}]
    if kind in _LOCATIONS:
        name, begin, end = _LOCATIONS[kind]
        place = {
            "documentIndex": given.get("document_index", 0),
            "start": given.get(begin, 0),
            "end": given.get(end, 0),
        }
        return {"title": given.get("document_title") or "", "sourceContent": cited, "location": {name: place}}
    if kind == "search_result_location":
        place = {
            "searchResultIndex": given.get("search_result_index", 0),
            "start": given.get("start_block_index", 0),
            "end": given.get("end_block_index", 0),
        }
        found = {
            "title": given.get("title") or "",
            "source": given.get("source") or "",
            "sourceContent": cited,
        }
        return found | {"location": {"searchResultLocation": place}}
    url = str(given.get("url") or "")
    web = {"url": url, "domain": url.partition("://")[2].partition("/")[0]}
    return {
        "title": given.get("title") or "",
        "source": url,
        "sourceContent": cited,
        "location": {"web": web},
    }
