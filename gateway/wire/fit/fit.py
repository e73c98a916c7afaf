"""PURE: all the steps of fitting, in order. A request that needs none of them costs one look at each block."""

from enum import IntFlag

from gateway.call.fit import Fit
from gateway.conversation import Conversation
from gateway.wire.fit.caching import mend_cache_points
from gateway.wire.fit.media import mend_media
from gateway.wire.fit.output import mend_output
from gateway.wire.fit.sampling import mend_max_tokens, mend_sampling, mend_stops
from gateway.wire.fit.thinking import (
    clamp_budget,
    mend_effort,
    mend_fields,
    mend_reasoning,
    mend_unthought,
)
from gateway.wire.fit.tool_config import mend_tool_config
from gateway.wire.fit.tool_names import mend_ids, mend_names
from gateway.wire.fit.tool_turns import mend_order, mend_tool_blocks
from gateway.wire.fit.turns import mend_prefill, mend_system, mend_turns
from gateway.wire.fit.work import Work


class Has(IntFlag):
    """What of a conversation needs a closer look."""

    BLANK = 1
    TURNS = 2
    TOOLS = 4
    MEDIA = 8
    POINTS = 16
    REASONING = 32


def fit(
    work: Work,
    *,
    default_max_tokens: int,
    most_tokens: int,
    avoid_native: bool = False,
    output_mode: str = "auto",
) -> Fit:
    """The request as the model takes it. Refusal invalid_request, naming the caller's own place."""
    has = _look(work.conversation)
    if work.conversation.additional_model_request_fields is not None:
        mend_fields(work)
    mend_max_tokens(work, default=default_max_tokens, most=most_tokens)
    clamp_budget(work)
    mend_sampling(work)
    mend_stops(work)
    mend_system(work)
    if has & Has.REASONING:
        mend_reasoning(work)
        has |= Has.TURNS  # a turn may have gone
    if has & (Has.BLANK | Has.TURNS):
        mend_turns(work)
    mode = ""
    if work.conversation.output_config is not None:
        mend_effort(work)
        mode = mend_output(work, avoid_native=avoid_native, mode=output_mode)
    if has & Has.TOOLS or work.conversation.tool_config is not None:
        mend_tool_config(work, has_tool_blocks=bool(has & Has.TOOLS))
        mend_names(work)
    if has & Has.TOOLS:
        mend_ids(work)
        mend_tool_blocks(work)
    if has & Has.MEDIA:
        mend_media(work)
    if has & Has.TOOLS:
        mend_order(work)
        mend_unthought(work)
    if has & Has.POINTS or _has_points(work.conversation):
        mend_cache_points(work)
    mend_prefill(work)
    return Fit(
        work.conversation, work.capability, work.actions, tuple(work.adjustments), work.original_names, mode
    )


def _look(conversation: Conversation) -> Has:
    """One pass over all blocks."""
    has, role = 0, "assistant"
    for message in conversation.messages:
        if message.role == role:
            has |= 2  # the first turn must be a user's, too
        role = message.role
        if not message.content:
            has |= 1
        for block in message.content:
            text = block.text
            if text is not None:
                if not text or text.isspace():
                    has |= 1
            elif block.tool_use is not None:
                has |= 4
            elif block.tool_result is not None:
                has |= 4 if not _has_media(block.tool_result.content) else 12
            elif block.cache_point is not None:
                has |= 16
            elif block.reasoning_content is not None:
                has |= 32
            else:
                has |= 8
    return Has(has)


def _has_media(content: list) -> bool:  # type: ignore[type-arg]
    return any(part.text is None for part in content)


def _has_points(conversation: Conversation) -> bool:
    if conversation.system is not None and any(
        block.cache_point is not None for block in conversation.system
    ):
        return True
    config = conversation.tool_config
    return config is not None and any(tool.cache_point is not None for tool in config.tools)
