"""PURE: all the steps of fitting, in order. A request that needs none of them costs one look at each block."""

from gateway.call.fit import Fit
from gateway.conversation import Conversation, ToolResultBlock
from gateway.wire.fit.auto_caching import place_cache_points
from gateway.wire.fit.betas import mend_betas
from gateway.wire.fit.caching import mend_cache_points
from gateway.wire.fit.direct import mend_direct
from gateway.wire.fit.effort import mend_effort, mend_reasoning_effort
from gateway.wire.fit.media import mend_media
from gateway.wire.fit.output import mend_output
from gateway.wire.fit.sampling import mend_max_tokens, mend_sampling, mend_stops, set_defaults
from gateway.wire.fit.thinking import (
    clamp_budget,
    mend_fields,
    mend_reasoning,
    mend_unthought,
)
from gateway.wire.fit.tool_config import mend_tool_config
from gateway.wire.fit.tool_names import mend_ids, mend_names
from gateway.wire.fit.tool_turns import mend_order, mend_tool_blocks
from gateway.wire.fit.turns import mend_prefill, mend_system, mend_turns
from gateway.wire.fit.work import Work

# What of a conversation needs a closer look: bits. (An IntFlag cost more than the look itself.)
_BLANK, _TURNS, _TOOLS, _MEDIA, _POINTS, _REASONING = 1, 2, 4, 8, 16, 32


def fit(
    work: Work,
    *,
    default_max_tokens: int | None,
    most_tokens: int | None,
    avoid_native: bool = False,
    avoid_betas: bool = False,
    output_mode: str = "auto",
    places_cache_points: bool = False,
    defaults: tuple[float | None, float | None] | None = None,
) -> Fit:
    """The request as the model takes it. Refusal invalid_request, naming the caller's own place."""
    has = _look(work.conversation)
    if work.conversation.additional_model_request_fields is not None:
        mend_reasoning_effort(work)
        mend_betas(work, without=avoid_betas)
        mend_fields(work)
    mend_max_tokens(work, default=default_max_tokens, most=most_tokens)
    clamp_budget(work)
    if defaults is not None:
        set_defaults(work, *defaults)
    mend_sampling(work)
    mend_stops(work)
    mend_system(work)
    if has & _REASONING:
        mend_reasoning(work)
        has |= _TURNS  # a turn may have gone
    if has & (_BLANK | _TURNS):
        mend_turns(work)
    mode = ""
    if work.conversation.output_config is not None:
        mend_effort(work)
        mode = mend_output(work, avoid_native=avoid_native, mode=output_mode)
    if has & _TOOLS or work.conversation.tool_config is not None:
        mend_tool_config(work, has_tool_blocks=bool(has & _TOOLS))
        mend_names(work)
    if has & _TOOLS:
        mend_ids(work)
        mend_tool_blocks(work)
    if has & _MEDIA:
        mend_media(work)
    if has & _TOOLS:
        mend_order(work)
        mend_unthought(work)
    if has & _POINTS or _has_points(work.conversation):
        mend_cache_points(work)
    elif places_cache_points:
        place_cache_points(work)
    mend_prefill(work)
    if work.capability.is_direct:
        mend_direct(work)
    return Fit(
        work.conversation, work.capability, work.actions, tuple(work.adjustments), work.original_names, defaults, mode
    )  # fmt: skip


def _look(conversation: Conversation) -> int:
    """One pass over all blocks."""
    has, role = 0, "assistant"
    for message in conversation.messages:
        if message.role == role:
            has |= _TURNS  # the first turn must be a user's, too
        role = message.role
        if not message.content:
            has |= _BLANK
        for block in message.content:
            text = block.text
            if text is not None:
                if not text or text.isspace():
                    has |= _BLANK
            elif block.tool_use is not None:
                has |= _TOOLS
            elif block.tool_result is not None:
                has |= _TOOLS if not _has_media(block.tool_result.content) else _TOOLS | _MEDIA
            elif block.cache_point is not None:
                has |= _POINTS
            elif block.reasoning_content is not None:
                has |= _REASONING
            else:
                has |= _MEDIA
    return has


def _has_media(content: list[ToolResultBlock]) -> bool:
    return any(part.text is None for part in content)


def _has_points(conversation: Conversation) -> bool:
    if conversation.system is not None and any(
        block.cache_point is not None for block in conversation.system
    ):
        return True
    config = conversation.tool_config
    return config is not None and any(tool.cache_point is not None for tool in config.tools)
