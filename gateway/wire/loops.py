"""PURE: whether an agent goes round in circles, by the conversation that it sends each time.

An agent's request holds what it did so far: which tools it called with what, and what came of it. The same call with the
same arguments and the same result, or the same error whatever the arguments, is counted as far back as the turns of
the agent go on without a person's word.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

from gateway.conversation import Block, Conversation, ToolResult, ToolUse, encode

_MAX_TURNS = 60
"""How many of the last turns are looked at."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was repeated most, and how often."""

    number: int
    what: str = ""


def repeats_of(conversation: Conversation) -> Repeats:
    """The most repeated step since the last words of a person's."""
    calls: dict[str, ToolUse] = {}
    made: Counter[bytes] = Counter()
    errors: Counter[bytes] = Counter()
    said: Counter[bytes] = Counter()
    names: dict[bytes, str] = {}
    messages = conversation.messages[-_MAX_TURNS:]
    for message in messages:
        if message.role == "user" and _is_persons(message.content):
            made.clear()
            errors.clear()
            said.clear()
        for block in message.content:
            if block.tool_use is not None:
                calls[block.tool_use.tool_use_id] = block.tool_use
            elif block.tool_result is not None:
                _count_result(block.tool_result, calls, made, errors, names)
        if message.role == "assistant" and (text := _text_alone(message.content)):
            said[_digest(text.encode())] += 1
    found = [
        *(Repeats(number, f"the tool '{names[key]}' was called with the same arguments") for key, number in made.most_common(1)),
        *(Repeats(number, f"the tool '{names[key]}' failed with the same error") for key, number in errors.most_common(1)),
        *(Repeats(number, "the same answer was given") for _, number in said.most_common(1)),
    ]  # fmt: skip
    return max(found, key=lambda each: each.number, default=Repeats(0))


def _count_result(
    result: ToolResult,
    calls: dict[str, ToolUse],
    made: Counter[bytes],
    errors: Counter[bytes],
    names: dict[bytes, str],
) -> None:
    use = calls.get(result.tool_use_id)
    if use is None:
        return
    outcome = encode(result.content)
    step = _digest(b"%b\0%b\0%b" % (use.name.encode("utf-8", "replace"), encode(use.input), outcome))
    made[step] += 1
    names[step] = use.name[:100]
    if result.status == "error":
        error = _digest(b"%b\0%b" % (use.name.encode("utf-8", "replace"), outcome))
        errors[error] += 1
        names[error] = use.name[:100]


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
