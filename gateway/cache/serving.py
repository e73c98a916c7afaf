"""PURE: whether an answer that is kept may be given to a call, and what the call then is."""

import msgspec

from gateway.cache.entries import decode
from gateway.cache.store import Found
from gateway.call import Call
from gateway.call.cache import HIT, CacheRun
from gateway.catalogue.cache_rules import CacheRuleEntry
from gateway.conversation import Conversation
from gateway.refusals import Refusal


def serve(call: Call, run: CacheRun, found: Found | None, kind: str, *, waited: float = 0.0) -> bool:
    """Takes an answer for the call's, where it may be; whether it is. `waited` is for how many seconds it has waited for an equal
    call: what was made meanwhile is as new as what it would have made itself."""
    wishes = run.wishes
    if found is None or wishes.no_cache:
        return False
    if wishes.max_age is not None and found.age >= wishes.max_age and found.age >= waited:
        return False
    if is_over(found, run.rule, kind):
        return False  # by the rule in force, whatever it was when it was kept
    if found.team_id != call.key.team.id or (found.has_values and found.end_user != call.request.end_user):
        return False
    deployment = next((each for each in call.routed.deployments if each.id == found.deployment_id), None)
    if deployment is None:
        return False  # it may not be answered from there any more
    try:
        events = decode(found.answer)
    except (msgspec.MsgspecError, LookupError, TypeError):
        return False
    run.outcome, run.reason, run.kind, run.age, run.is_stale = (
        HIT,
        "",
        kind,
        found.age,
        is_stale(found, run.rule, kind),
    )
    run.entry_id, run.call_id, run.saved_nanos, run.events = found.id, found.call_id, found.cost_nanos, events
    call.reply.deployment = deployment
    return True


def is_over(found: Found, rule: CacheRuleEntry | None, kind: str) -> bool:
    """Whether an answer is older than the rule in force lets one be."""
    if rule is None:
        return False
    return found.age >= (rule.slot_seconds + rule.stale_seconds if kind == "slot" else rule.seconds)


def is_stale(found: Found, rule: CacheRuleEntry | None, kind: str = "slot") -> bool:
    """Whether a slot's answer is given while a new one is made."""
    return found.is_stale or (kind == "slot" and rule is not None and found.age >= rule.slot_seconds)


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
