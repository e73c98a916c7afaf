"""PURE: whether an answer that is kept may be given to a call, and what the call then is."""

import msgspec

from gateway.cache.entries import decode
from gateway.cache.store import Found
from gateway.call import Call
from gateway.call.cache import HIT, CacheRun
from gateway.conversation import Conversation
from gateway.refusals import Refusal


def serve(call: Call, run: CacheRun, found: Found | None, kind: str) -> bool:
    """Takes an answer for the call's, where it may be; whether it is."""
    wishes = run.wishes
    if found is None or wishes.no_cache or (wishes.max_age is not None and found.age > wishes.max_age):
        return False
    if found.team_id != call.key.team.id or (found.has_values and found.end_user != call.request.end_user):
        return False
    deployment = next((each for each in call.routed.deployments if each.id == found.deployment_id), None)
    if deployment is None:
        return False  # it may not be answered from there any more
    try:
        events = decode(found.answer)
    except (msgspec.MsgspecError, LookupError, TypeError):
        return False
    run.outcome, run.reason, run.kind, run.age, run.is_stale = HIT, "", kind, found.age, found.is_stale
    run.entry_id, run.call_id, run.saved_nanos, run.events = found.id, found.call_id, found.cost_nanos, events
    call.reply.deployment = deployment
    return True


def has_tools(conversation: Conversation) -> bool:
    """Whether an answer may ask for a tool, or draws on what one said."""
    return conversation.tool_config is not None or any(
        block.tool_use is not None or block.tool_result is not None
        for message in conversation.messages
        for block in message.content
    )


def forget(call: Call, run: CacheRun) -> None:
    """What was taken is no answer for this call after all."""
    run.outcome, run.kind, run.age, run.is_stale, run.similarity = "", "", 0, False, None
    run.entry_id, run.call_id, run.saved_nanos, run.events = 0, None, 0, None
    call.reply.deployment = None


def refuse_if_wanted_cached(run: CacheRun) -> None:
    """Refusal not_cached, for a call without an answer whose caller wants no new one."""
    if run.wishes.only_if_cached:
        raise Refusal(
            "not_cached",
            f"There is no answer in the cache ({run.header()}), and X-Gatehouse-Cache says only-if-cached.",
            may_retry=False,
        )
