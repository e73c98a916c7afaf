"""PURE: answers of OpenAI's chat completions, whole or streamed, as events. Source: the types of the `openai` SDK."""

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
from gateway.providers.openai.usage import usage_of

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
    "model_length": "model_context_window_exceeded",
}
"""Converse's words for why an answer ended; the latter ones are of servers that say to be compatible (huggingface/
text-generation-inference: `eos_token`; Mistral API reference, "Chat": `model_length`). All else is told by name."""
_TIERS = {"default": "", "standard": "", "flex": "flex", "priority": "priority", "fast": "priority"}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | Json | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    """A message, or a delta of one."""

    content: str | list[Json] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """A whole answer, or one event of a stream."""

    choices: list[_Choice] | None = None
    usage: Any = None
    service_tier: str | None = None
    error: Any = None
    object: Any = None
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
        self._call: tuple[int, str] | None = None
        self._calls: set[int] = set()
        self._reason = ""
        self._is_refusal = False
        self._usage: Any = None
        self._tier: str | None = None
        self._found: list[Json] = []

    @property
    def is_complete(self) -> bool:
        """Whether the model has said why it ended."""
        return bool(self._reason)

    def feed(self, chunk: Chunk) -> Iterator[Event]:
        """The events of a whole answer or a piece of one. Raises NoAnswerError."""
        if isinstance(chunk.usage, dict) and (chunk.usage.get("prompt_tokens") or self._usage is None):
            self._usage = chunk.usage  # of several the last that says something: they are sums
        if chunk.service_tier:
            self._tier = _TIERS.get(chunk.service_tier, chunk.service_tier)
        if self._searches and not self._found:
            self._found = _sources(chunk)
        for choice in chunk.choices or ():
            if choice.index:
                continue  # one answer is asked for
            said = choice.delta or choice.message
            if said is not None:
                yield from self._say(said)
            self._reason = choice.finish_reason or self._reason
            break

    def _say(self, said: _Said) -> Iterator[Event]:
        thought = said.reasoning_content or said.reasoning
        if thought:
            yield from self._open("reasoning")
            yield ReasoningDelta(self._block, thought)
        if isinstance(said.content, list):
            for part in said.content:
                yield from self._part(part)
        elif said.content:
            yield from self._text(said.content)
        if said.refusal:
            yield from self._text(said.refusal)
        self._is_refusal |= bool(said.refusal)
        for number, call in enumerate(said.tool_calls or ()):
            yield from self._tool(call, number if call.index is None else call.index)

    def _text(self, text: str) -> Iterator[Event]:
        yield from self._open("text")
        yield TextDelta(self._block, text)

    def _part(self, part: Json) -> Iterator[Event]:
        """A piece of content that is in parts. Source: Mistral API docs, "Reasoning" (`thinking`) and "Citations" (`reference`,
        which are numbers alone)."""
        match part:
            case {"type": "thinking", "thinking": list(parts)}:
                text = "".join(str(each.get("text", "")) for each in parts if isinstance(each, dict))
                yield from self._open("reasoning")
                yield ReasoningDelta(self._block, text)
            case {"text": str(text)}:
                yield from self._text(text)
            case {"type": "reference"}:
                pass
            case _:
                raise NoAnswerError("a part of the answer is of a kind that is not known")

    def _tool(self, call: _Call, index: int) -> Iterator[Event]:
        function = call.function or _Function()
        if not self._goes_on(call, index):
            if index in self._calls and not (call.id and function.name):
                raise NoAnswerError("the call of a tool goes on after another one has begun")
            if not function.name:
                raise NoAnswerError("the call of a tool has no name")
            yield from self._close()
            self._calls.add(index)
            self._block, self._kind, self._call = self._block + 1, "tool", (index, call.id or "")
            yield ToolStart(self._block, call.id or f"call_{index}", function.name)
        arguments = function.arguments
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if arguments:
            yield ToolDelta(self._block, arguments)

    def _goes_on(self, call: _Call, index: int) -> bool:
        """Whether it is more of the call of a tool that is under way. Some servers number all calls 0, and tell them apart by
        their ids alone (NousResearch/hermes-agent#62937, of Gemini)."""
        if self._kind != "tool" or self._call is None or self._call[0] != index:
            return False
        return not call.id or call.id == self._call[1] or not (call.function and call.function.name)

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
        usage = usage_of(self._usage, has_written=self._block >= 0)
        yield Finished(reason, usage or Usage(), tier=self._tier, is_cut=usage is None)


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
