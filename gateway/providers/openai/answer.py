"""PURE: answers of OpenAI's chat completions, whole or streamed, as events. Source: the types of the `openai` SDK."""

from collections.abc import Iterator
from typing import Any

import msgspec

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

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
    "end_turn": "end_turn",
    "eos": "end_turn",
    "eos_token": "end_turn",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
}
"""Converse's words for why an answer ended; the latter ones are of servers that say to be compatible (huggingface/
text-generation-inference: `eos_token`). All else is told by name."""
_TIERS = {"default": "", "standard": "", "flex": "flex", "priority": "priority", "fast": "priority"}


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Usage(msgspec.Struct):
    """`prompt_tokens` has those of the cache in it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None

    def event(self) -> Usage:
        details = self.prompt_tokens_details or _InputDetails()
        read, written = details.cached_tokens or 0, details.cache_write_tokens or 0
        return Usage(
            input=max((self.prompt_tokens or 0) - read - written, 0),
            output=self.completion_tokens or 0,
            cache_read=read,
            cache_write=written,
        )


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    """A message, or a delta of one."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """A whole answer, or one event of a stream."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None
    error: Any = None
    citations: list[Any] | None = None
    search_results: list[Any] | None = None


decode_chunk = msgspec.json.Decoder(Chunk).decode


class NoAnswerError(ValueError):
    """It is not what it should be."""


class ChatReader:
    """Turns what comes into events, block after block; `end` says how it ended."""

    def __init__(self, *, searches: bool = False) -> None:
        self._searches = searches
        self._block = -1
        self._kind = ""
        self._call: int | None = None
        self._calls: set[int] = set()
        self._reason = ""
        self._is_refusal = False
        self._usage: _Usage | None = None
        self._tier: str | None = None
        self._found: list[Json] = []

    @property
    def is_complete(self) -> bool:
        """Whether the model has said why it ended."""
        return bool(self._reason)

    def feed(self, chunk: Chunk) -> Iterator[Event]:
        """The events of a whole answer or a piece of one. Raises NoAnswerError."""
        self._usage = chunk.usage or self._usage
        if chunk.service_tier:
            self._tier = _TIERS.get(chunk.service_tier, chunk.service_tier)
        if self._searches and not self._found:
            self._found = _sources(chunk)
        for choice in (chunk.choices or ())[:1]:
            said = choice.delta or choice.message
            if said is not None:
                yield from self._say(said)
            self._reason = choice.finish_reason or self._reason

    def _say(self, said: _Said) -> Iterator[Event]:
        thought = said.reasoning_content or said.reasoning
        if thought:
            yield from self._open("reasoning")
            yield ReasoningDelta(self._block, thought)
        for text in (said.content, said.refusal):
            if text:
                yield from self._open("text")
                yield TextDelta(self._block, text)
        self._is_refusal |= bool(said.refusal)
        for number, call in enumerate(said.tool_calls or ()):
            yield from self._tool(call, number if call.index is None else call.index)

    def _tool(self, call: _Call, index: int) -> Iterator[Event]:
        function = call.function or _Function()
        if self._kind != "tool" or self._call != index:
            if index in self._calls:
                raise NoAnswerError("the call of a tool goes on after another one has begun")
            if not function.name:
                raise NoAnswerError("the call of a tool has no name")
            yield from self._close()
            self._calls.add(index)
            self._block, self._kind, self._call = self._block + 1, "tool", index
            yield ToolStart(self._block, call.id or f"call_{index}", function.name)
        if function.arguments:
            yield ToolDelta(self._block, function.arguments)

    def _open(self, kind: str) -> Iterator[Event]:
        if self._kind == kind:
            return
        yield from self._close()
        self._block, self._kind = self._block + 1, kind

    def _close(self) -> Iterator[Event]:
        if self._kind == "text" and self._found and self._searches:
            yield Citations(self._block, self._found)
            self._searches = False  # they are told once, of the answer's first text
        if self._kind:
            yield BlockStop(self._block)
        self._kind = ""

    def end(self) -> Iterator[Event]:
        """The last events. A provider that has not said what the answer used leaves that to be estimated."""
        yield from self._close()
        reason = STOP_REASONS.get(self._reason, self._reason)
        if self._calls and reason == "end_turn":
            reason = "tool_use"  # where a function was named, OpenAI says `stop`
        if self._is_refusal:
            reason = "refusal"
        usage = Usage() if self._usage is None else self._usage.event()
        yield Finished(reason, usage, tier=self._tier, is_cut=self._usage is None)


def _sources(chunk: Chunk) -> list[Json]:
    """What was found on the web, as Converse's citations. Source: Perplexity API docs, Chat completions (`search_results`,
    and the older `citations`, which are addresses alone)."""
    found: list[Json] = []
    for each in chunk.search_results or ():
        if isinstance(each, dict) and isinstance(each.get("url"), str):
            text = each.get("snippet") or ""
            found.append(_citation(each["url"], str(each.get("title") or each["url"]), str(text)))
    if not found:
        found = [_citation(each, each, "") for each in chunk.citations or () if isinstance(each, str)]
    return found


def _citation(url: str, title: str, text: str) -> Json:
    web = {"web": {"url": url, "domain": url.partition("://")[2].partition("/")[0]}}
    return {"title": title, "source": url, "sourceContent": [{"text": text}], "location": web}
