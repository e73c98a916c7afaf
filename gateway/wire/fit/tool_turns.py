"""PURE: calls of tools and their results in the history: what they carry, that they belong together, and their order."""

from typing import Any

import msgspec
import orjson
from msgspec.structs import replace

from gateway.conversation import Block, Message, ToolResult, ToolResultBlock
from gateway.wire.fit.turns import is_blank
from gateway.wire.fit.work import Work

_FAILED = "The tool failed."
_NO_PREFILL = (
    "The model returned the following errors: This model does not support assistant message prefill. The conversation must "
    "end with a user message."
)
_NOTHING: tuple[Any, ...] = (None, "", [], {})


def mend_tool_blocks(work: Work) -> None:
    """Arguments become objects, results what Converse takes; each call has its result and each result its call."""
    messages = [_mended(work, message) for message in work.conversation.messages]
    if any(new is not old for new, old in zip(messages, work.conversation.messages, strict=True)):
        work.change(messages=messages)
    _check_pairs(work)


def _mended(work: Work, message: Message) -> Message:
    content = [
        _mended_use(work, block)
        if block.tool_use is not None
        else _mended_result(work, block)
        if block.tool_result is not None
        else block
        for block in message.content
    ]
    if all(new is old for new, old in zip(content, message.content, strict=True)):
        return message
    return Message(role=message.role, content=content)


def _mended_use(work: Work, block: Block) -> Block:
    assert block.tool_use is not None
    given = block.tool_use.input
    if isinstance(given, dict):
        return block
    where = work.where(block)
    told = "the arguments of a tool's call must be a JSON object."
    found = _object_of(given)
    if found is None:
        raise work.refusal(where, told, _not_object(f"{where}.toolUse.input"))
    if work.breaks("tool_inputs", where, told, _not_object(f"{where}.toolUse.input")):
        work.say(where, "repaired")
        return work.changed(block, tool_use=replace(block.tool_use, input=found))
    return block


def _object_of(given: Any) -> dict[str, Any] | None:
    """What stands for no arguments, or is an object written as a text."""
    if given in _NOTHING or (isinstance(given, str) and is_blank(given)):
        return {}
    if isinstance(given, str):
        try:
            parsed = orjson.loads(given)
        except orjson.JSONDecodeError:
            return None
        return {} if parsed is None else parsed if isinstance(parsed, dict) else None
    return None


def _not_object(path: str) -> str:
    return f"The format of the value at {path} is invalid. Provide a json object for the field and try again."


def _mended_result(work: Work, block: Block) -> Block:
    assert block.tool_result is not None
    result = block.tool_result
    if all(part.text is not None and not is_blank(part.text) for part in result.content) and (
        result.content or result.status != "error"
    ):
        return block
    where = work.where(block)
    content: list[ToolResultBlock] = []
    changed = False
    for number, part in enumerate(result.content):
        if part.text is not None and is_blank(part.text):
            words = f"The text field in the ToolResultContentBlock object at {where}.toolResult.content.{number} is blank. Add text to the text field, and try again."
            if work.breaks("blank_text", where, "the text of a result is blank.", words):
                changed = True
                continue
        elif part.json is not msgspec.UNSET and not isinstance(part.json, dict):
            words = _not_object(f"{where}.toolResult.content.{number}.json")
            if work.breaks("tool_inputs", where, "a result's JSON must be an object.", words):
                changed = True
                content.append(ToolResultBlock(text=msgspec.json.encode(part.json).decode()))
                continue
        content.append(part)
    if result.status == "error" and not content:
        words = f"The content field at {where}.toolResult cannot be empty when status value is error."
        if work.breaks("tool_inputs", where, "a failed tool's result must say something.", words):
            changed = True
            content = [ToolResultBlock(text=_FAILED)]
    if not changed:
        return block
    work.say(where, "repaired")
    return work.changed(block, tool_result=replace(result, content=content))


def _check_pairs(work: Work) -> None:
    """Every call is answered in the next turn, once; nothing else is."""
    asked: dict[str, Block] = {}
    _check_roles(work)
    for number, message in enumerate(work.conversation.messages):
        answered: set[str] = set()
        for block in message.content:
            result = block.tool_result
            if result is None:
                continue
            if result.tool_use_id not in asked or result.tool_use_id in answered:
                work.breaks(
                    "pairing", work.where(block),
                    f"there is no call of a tool '{result.tool_use_id[:100]}' in the turn before that this could answer.",
                    f"The number of toolResult blocks at messages.{number}.content exceeds the number of toolUse blocks of previous turn.",
                )  # fmt: skip
            answered.add(result.tool_use_id)
        missing = [found for found in asked if found not in answered]
        if missing:
            _refuse_missing(work, asked[missing[0]], missing, number)
        asked = _calls(work, message.content)
    if asked:
        _refuse_missing(work, next(iter(asked.values())), list(asked), len(work.conversation.messages))


def _check_roles(work: Work) -> None:
    """Calls are the assistant's, results the user's."""
    for message in work.conversation.messages:
        is_user = message.role == "user"
        for block in message.content:
            if (block.tool_use if is_user else block.tool_result) is None:
                continue
            where, kind = work.where(block), "tool_use" if is_user else "tool_result"
            right, told = ("assistant", "calls tools") if is_user else ("user", "takes the results of tools")
            words = f"The model returned the following errors: {where}: `{kind}` blocks can only be in `{right}` messages"
            work.breaks("pairing", where, f"only a message of the role '{right}' {told}.", words)


def _calls(work: Work, content: list[Block]) -> dict[str, Block]:
    calls: dict[str, Block] = {}
    for block in content:
        use = block.tool_use
        if use is None:
            continue
        if use.tool_use_id in calls:
            where = work.where(block)
            words = f"The model returned the following errors: {where}: `tool_use` ids must be unique"
            work.breaks("pairing", where, f"two calls of tools have the ID '{use.tool_use_id[:100]}'.", words)
        calls[use.tool_use_id] = block
    return calls


def _refuse_missing(work: Work, call: Block, missing: list[str], number: int) -> None:
    work.breaks(
        "pairing",
        work.where(call),
        f"the call of a tool '{missing[0][:100]}' has no result in the turn after it. Send the result, or leave the call out.",
        f"Expected toolResult blocks at messages.{number}.content for the following Ids: {', '.join(missing)}",
    )


def mend_order(work: Work) -> None:
    """Results stand before other blocks of their turn; where the model takes no mix, texts join the last result.

    Texts behind the calls of tools go before them: some models take them for the beginning of the answer.
    """
    capability = work.capability
    if not capability.supports_prefill:
        _put_calls_last(work)
    if capability.supports_text_with_results and not capability.needs_results_first:
        return
    messages = [_ordered(work, message, number) for number, message in enumerate(work.conversation.messages)]
    if any(new is not old for new, old in zip(messages, work.conversation.messages, strict=True)):
        work.change(messages=messages)


def _put_calls_last(work: Work) -> None:
    messages: list[Message] = []
    for message in work.conversation.messages:
        first = next((n for n, block in enumerate(message.content) if block.tool_use is not None), None)
        behind = [] if first is None else [b for b in message.content[first:] if b.text is not None]
        if not behind:
            messages.append(message)
            continue
        where = work.where(behind[0])
        if not work.breaks(
            "call_order", where, "a text must not stand behind the call of a tool.", _NO_PREFILL
        ):
            return
        work.say(where, "reordered")
        others = [block for block in message.content[first:] if block.text is None]
        content = [*message.content[:first], *behind, *others]
        messages.append(Message(role=message.role, content=content))
    if any(new is not old for new, old in zip(messages, work.conversation.messages, strict=True)):
        work.change(messages=messages)


def _ordered(work: Work, message: Message, number: int) -> Message:
    results = [block for block in message.content if block.tool_result is not None]
    if not results or len(results) == len(message.content):
        return message
    where = work.where(message.content[0])
    if not work.capability.supports_text_with_results:
        return _apart(work, message, number, results)
    others = [block for block in message.content if block.tool_result is None]
    ordered = results + others
    # A cache point covers what stands before it: one between results stays where it is as long as all before it are.
    leading = 0
    for block in message.content:
        if block.tool_result is None and block.cache_point is None:
            break
        leading += 1
    if all(block.tool_result is None for block in message.content[leading:]):
        return message
    if not work.breaks(
        "results", where, "results of tools must stand before other blocks.",
        "The model returned the following errors: messages: `tool_use` ids were found without `tool_result` blocks immediately after",
    ):  # fmt: skip
        return message
    work.say(where, "reordered")
    return Message(role=message.role, content=ordered)


def _apart(work: Work, message: Message, number: int, results: list[Block]) -> Message:
    others = [block for block in message.content if block.tool_result is None and block.cache_point is None]
    if not others:
        return message
    where = work.where(others[0])
    words = f"messages.{number}.content: Conversation blocks and tool result blocks cannot be provided in the same turn."
    told = f"the model {work.capability.model_id} takes nothing beside the results of tools in one turn."
    if any(block.text is None for block in others):
        raise work.refusal(where, told, words)
    if not work.breaks("results", where, told, words):
        return message
    work.say(where, "joined")
    for point in (block for block in message.content if block.cache_point is not None):
        work.say(work.where(point), "dropped", "cache_point")
    last = results[-1]
    assert last.tool_result is not None
    texts = [ToolResultBlock(text=block.text) for block in others]
    joined: ToolResult = replace(last.tool_result, content=[*last.tool_result.content, *texts])
    return Message(role=message.role, content=[*results[:-1], work.changed(last, tool_result=joined)])
