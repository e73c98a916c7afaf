"""PURE: `context_management` of Anthropic's Messages, done here: Converse has no word for it.

Source: Anthropic API docs, Context editing (`clear_thinking_20251015`, `clear_tool_uses_20250919` and their defaults).
"""

from typing import Any

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.conversation import Block, Message, ToolResultBlock, encode
from gateway.refusals import Refusal

_MEMBER = "context_management"
_CLEARED = "[Old tool result content cleared]"
_BYTES_PER_TOKEN = 4
_TRIGGER = 100_000
_KEPT_TOOL_USES = 3
_KEPT_TURNS = 1


def manage_context(wanted: Any, messages: list[Message], places: Places) -> None:
    """Edits the history as is asked for. Refusal invalid_request, by name, for edits that only Anthropic can make."""
    edits = wanted.get("edits") if isinstance(wanted, dict) else None
    if wanted is None or edits in (None, []):
        return
    if not isinstance(edits, list):
        raise _refusal("'edits' must be a list.")
    for edit in edits:
        kind = edit.get("type") if isinstance(edit, dict) else None
        if kind == "clear_thinking_20251015":
            cleared = _clear_thinking(edit, messages)
        elif kind == "clear_tool_uses_20250919":
            cleared = _clear_tool_uses(edit, messages)
        else:
            told = f"the edit '{str(kind)[:50]}' is not supported for models on Bedrock. Leave it out, and shorten the conversation."
            raise _refusal(told)
        if cleared:
            places.adjustments.append(Adjustment(_MEMBER, kind.rpartition("_")[0], str(cleared)))


def _clear_thinking(edit: dict[str, Any], messages: list[Message]) -> int:
    """Takes the thinking out of all turns but the last ones; how many blocks."""
    keep = edit.get("keep", {"type": "thinking_turns", "value": _KEPT_TURNS})
    if keep == "all" or (isinstance(keep, dict) and keep.get("type") == "all"):
        return 0
    number = _number(keep, "thinking_turns", at_least=1)
    turns = [
        message
        for message in messages
        if message.role == "assistant" and any(block.reasoning_content for block in message.content)
    ]
    cleared = 0
    for message in turns[:-number]:
        kept = [block for block in message.content if block.reasoning_content is None]
        cleared += len(message.content) - len(kept)
        message.content[:] = kept or [Block(text="")]
    return cleared


def _clear_tool_uses(edit: dict[str, Any], messages: list[Message]) -> int:
    """Takes out what the oldest tools answered, where the conversation has grown beyond the trigger; how many."""
    excluded = set(edit.get("exclude_tools") or ())
    names = {
        block.tool_use.tool_use_id: block.tool_use.name
        for message in messages
        for block in message.content
        if block.tool_use is not None
    }
    results = [
        block.tool_result
        for message in messages
        for block in message.content
        if block.tool_result is not None and names.get(block.tool_result.tool_use_id) not in excluded
    ]
    if not _is_triggered(edit.get("trigger"), messages, len(results)):
        return 0
    number = _number(edit.get("keep", {"value": _KEPT_TOOL_USES}), "tool_uses", at_least=0)
    old = results[: len(results) - number] if number else results
    least = edit.get("clear_at_least")
    freed = sum(len(encode(result)) for result in old) // _BYTES_PER_TOKEN
    if isinstance(least, dict) and freed < _number(least, "input_tokens", at_least=0):
        return 0
    for result in old:
        result.content = [ToolResultBlock(text=_CLEARED)]
    if edit.get("clear_tool_inputs"):
        gone = {result.tool_use_id for result in old}
        for message in messages:
            for block in message.content:
                if block.tool_use is not None and block.tool_use.tool_use_id in gone:
                    block.tool_use.input = {}
    return len(old)


def _is_triggered(trigger: Any, messages: list[Message], uses: int) -> bool:
    if isinstance(trigger, dict) and trigger.get("type") == "tool_uses":
        return uses > _number(trigger, "tool_uses", at_least=0)
    most = _TRIGGER if trigger is None else _number(trigger, "input_tokens", at_least=0)
    return len(msgspec.json.encode(messages)) // _BYTES_PER_TOKEN > most


def _number(given: Any, kind: str, *, at_least: int) -> int:
    value = given.get("value") if isinstance(given, dict) and given.get("type", kind) == kind else None
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise _refusal(f"a value of type '{kind}' must be a whole number of at least {at_least}.")
    return value


def _refusal(told: str) -> Refusal:
    return Refusal("invalid_request", f"{_MEMBER}: {told}", param=_MEMBER)
