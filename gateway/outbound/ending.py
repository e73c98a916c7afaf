"""PURE: what is kept of an answer as it comes, and whether one that has ended is an answer in the format it is told in."""

import orjson

from gateway.call import Call
from gateway.events import (
    Citations,
    Event,
    Finished,
    Raw,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
    Vector,
)
from gateway.outbound.contract import contract_of
from gateway.outbound.stop_reasons import failure_of, is_normal
from gateway.refusals import Refusal
from gateway.wire.fit.output import ANSWER_TOOL

_TELL_OBJECTS = frozenset({"converse", "anthropic", "invoke"})
"""Formats whose whole answers have a tool's arguments as an object."""


def keep(call: Call, event: Event) -> None:
    """Adds an event to what the record will say of the answer. Refusal upstream_error where it ended in no success."""
    match event:
        case TextDelta(index, text):
            call.reply.block(index, "text").parts.append(text)
        case ToolStart(index, tool_use_id, name):
            block = call.reply.block(index, "tool_use")
            block.tool_use_id, block.name = tool_use_id, name
        case ToolDelta(index, arguments):
            call.reply.block(index, "tool_use").parts.append(arguments)
        case ReasoningDelta(index, text):
            call.reply.block(index, "reasoning").parts.append(text)
        case Citations(index, found):
            call.reply.block(index, "text").citations.extend(found)
        case Raw(index, _, _, text):
            block = call.reply.block(index, "raw")
            block.name = block.name or event.kind
            block.parts.append(text)
        case Vector(_, _, tokens):
            call.reply.usage = Usage(input=call.reply.usage.input + tokens)
            call.reply.has_usage |= tokens > 0
        case Finished():
            call.reply.end(event)
            if (failure := _failure_of(call)) is not None:
                raise failure


def _has_unreadable_call(call: Call) -> bool:
    """Whether a whole answer would tell the arguments of a tool's call as an object, and the model has written none: the tool
    would be called with nothing. Formats that tell them as text, and streams, tell them as they came."""
    if call.request.is_stream or call.request.wire_format not in _TELL_OBJECTS:
        return False
    # Of the tool by which a model answers in a form, the form's own check says what is wrong.
    calls = [each for each in call.reply.answer if each.kind == "tool_use" and each.name != ANSWER_TOOL]
    return (
        bool(calls) and is_normal(call.reply.stop_reason) and not all(_is_object(each.text) for each in calls)
    )


def _is_object(text: str) -> bool:
    """Of nothing, too, and of null: a tool without arguments."""
    try:
        found = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return False
    return found is None or isinstance(found, dict)


def takes_raw(call: Call) -> bool:
    """Whether the caller gets what Gatehouse has no kind for, and every way to end, as Bedrock says it."""
    return call.request.wire_format == "converse" and not call.request.is_inner and contract_of(call) is None


def _failure_of(call: Call) -> Refusal | None:
    """Why the answer that has ended is an error, with what it used known; None where it is none."""
    if _has_unreadable_call(call):
        return failure_of("malformed_tool_use")
    output = call.checks.output
    if takes_raw(call) or contract_of(call) is not None or (output is not None and output.blocked):
        return None
    untold = next((block.name for block in call.reply.answer if block.kind == "raw" and not block.text), None)
    if untold is None:
        return failure_of(call.reply.stop_reason)
    return Refusal(
        "upstream_error",
        f"The model's answer has a part of the kind '{untold[:100]}', which this format has no word for. It is charged. "
        "Bedrock's own entrance, /bedrock, passes such parts on.",
        may_be_billed=True,
        may_retry=False,
    )
