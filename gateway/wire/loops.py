"""PURE: whether an agent goes round in circles, by the conversation that it sends each time.

An agent's request holds what it did so far: which tools it called with what, and what came of it. The same call with the
same arguments and the same result, or the same error whatever the arguments, is counted as far back as the turns of
the agent go on without a person's word.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from gateway.conversation import Block, Conversation, ToolResult, ToolUse, encode

_MAX_TURNS = 60
"""How many of the last turns are looked at."""
_MAX_TEXT = 2_000
"""Characters of what came of a step that are compared: half of them from its end."""
_SPACE = re.compile(rb"(?:\\[nrt]|\s)+")
_SPACE_AT_ENDS = re.compile(rb'" | "')
_CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:z|[+-]\d\d:?\d\d)?)?"  # moments
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?\b"
    r"|\b\d+(?:[.,]\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|minutes?)\b"  # how long it took
    r"|\b0x[0-9a-f]+\b|\b\d{10,}\b|\b(?=[0-9a-f-]*\d)(?=[0-9a-f-]*[a-f])[0-9a-f]{8}[0-9a-f-]*\b"  # ids
    r"|\b(?:toolu|tooluse|call|req|msg|chatcmpl|fc|resp)_\w+"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was repeated most, and how often."""

    number: int
    what: str = ""


@dataclass(slots=True)
class _Step:
    """A tool's call with its result."""

    use: ToolUse
    result: ToolResult
    call: bytes
    turn: int


@dataclass(slots=True)
class _Seen:
    """What an agent did since a person's word."""

    steps: list[_Step] = field(default_factory=list)
    said: Counter[bytes] = field(default_factory=Counter)

    def clear(self) -> None:
        self.steps.clear()
        self.said.clear()


def repeats_of(conversation: Conversation) -> Repeats:
    """The most repeated step since the last words of a person's. Words that a program says again and again are none."""
    calls: dict[str, ToolUse] = {}
    words: set[bytes] = set()
    seen = _Seen()
    for turn, message in enumerate(conversation.messages[-_MAX_TURNS:]):
        if message.role == "user" and _is_persons(message.content):
            said = _digest(encode(message.content))
            if said not in words:
                seen.clear()
            words.add(said)
        for block in message.content:
            if block.tool_use is not None:
                calls[block.tool_use.tool_use_id] = block.tool_use
            elif block.tool_result is not None and (use := calls.get(block.tool_result.tool_use_id)):
                seen.steps.append(_Step(use, block.tool_result, _call(use), turn))
        if message.role == "assistant" and (text := _text_alone(message.content)):
            seen.said[_digest(gist_of(text).encode("utf-8", "replace"))] += 1
    return max(
        _most(_repeated(seen.steps), "the tool '{}' was called with the same arguments"),
        _most(_failed(seen.steps), "the tool '{}' failed with the same error"),
        Repeats(max(seen.said.values(), default=0), "the same answer was given"),
        key=lambda each: each.number,
    )


def gist_of_call(name: str, arguments: Any) -> bytes:
    """A tool's call, the same whatever the order of its members and the white space in its texts."""
    text = orjson.dumps([name, arguments], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return _SPACE_AT_ENDS.sub(b'"', _SPACE.sub(b" ", text))


def _repeated(steps: list[_Step]) -> Counter[tuple[bytes, str]]:
    """Calls with the same arguments and the same outcome; those of one turn, which were made at once, count as one."""
    often = Counter(step.call for step in steps)
    turns = {
        (step.call + _digest(_outcome(step.result).encode("utf-8", "replace")), step.use.name, step.turn)
        for step in steps
        if often[step.call] > 1
    }
    if not turns:
        turns = {(step.call, step.use.name, step.turn) for step in steps[:1]}
    return Counter((key, name) for key, name, _ in turns)


def _failed(steps: list[_Step]) -> Counter[tuple[bytes, str]]:
    """The same errors whatever the arguments, and whichever try it was."""
    errors = {
        (
            _digest(_NUMBER.sub("0", _outcome(step.result)).encode("utf-8", "replace")),
            step.use.name,
            step.turn,
        )
        for step in steps
        if step.result.status == "error"
    }
    return Counter((key, name) for key, name, _ in errors)


def _most(found: Counter[tuple[bytes, str]], words: str) -> Repeats:
    return next(
        (Repeats(number, words.format(name[:100])) for (_, name), number in found.most_common(1)), Repeats(0)
    )


def _call(use: ToolUse) -> bytes:
    return _digest(gist_of_call(use.name, use.input))


def _outcome(result: ToolResult) -> str:
    texts = [block.text for block in result.content]
    if all(text is not None for text in texts):
        return gist_of("\n".join(filter(None, texts)))
    return gist_of(encode(result.content).decode())


def gist_of(text: str) -> str:
    """A text without what differs each time: moments, durations, ids, white space, capitals."""
    if len(text) > _MAX_TEXT:
        text = f"{len(text) // 100} {text[: _MAX_TEXT // 2]} {text[-_MAX_TEXT // 2 :]}"
    return _CHANGING.sub("0", " ".join(text.casefold().split()))


def _is_persons(content: list[Block]) -> bool:
    """Whether a turn of the user's is a person's, rather than the results of tools."""
    return all(block.tool_result is None for block in content)


def _text_alone(content: list[Block]) -> str:
    """The text of an assistant's turn that called no tool."""
    if any(block.tool_use is not None for block in content):
        return ""
    return "\n".join(block.text for block in content if block.text)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=12).digest()
