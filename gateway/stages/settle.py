import logging

from gateway.call import Call, Round
from gateway.catalogue.policy import PriceEntry, cache_saving, cost, price_at
from gateway.events import Usage, added
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.cached_prefixes import points_of
from gateway.wire.interrupted import interrupted_usage
from gateway.wire.tokens import count_text, has_media
from kernel.clock import perf_counter

logger = logging.getLogger(__name__)


def settle(call: Call, gateway: Gateway) -> None:
    """What the call cost, by the usage reported, or by an estimate where none came. No hold, no cost.

    What it took of its rate limits and did not use, and its slot, are given back.
    """
    _charge(call, gateway)
    if call.taken.ticket is not None:
        tokens = dict.fromkeys(call.taken.token_counters, call.reply.usage.total)
        gateway.limiter.settle(call.taken.ticket, tokens)
    if call.taken.has_slot:
        gateway.slots.release()


def end_round(call: Call, gateway: Gateway) -> None:
    """Puts what this round with the model cost aside, before the next one."""
    _charge_round(call, gateway)
    charge = call.charge
    call.reply.earlier.append(
        Round(call.reply.usage, charge.cost_nanos, charge.is_estimated, charge.cache_saved_nanos)
    )
    call.reply.usage, call.reply.has_usage, call.reply.has_ended = Usage(), False, False
    charge.cost_nanos, charge.is_estimated, charge.cache_saved_nanos = 0, False, 0
    call.reply.answer = []


def _charge(call: Call, gateway: Gateway) -> None:
    _charge_round(call, gateway)
    if call.reply.earlier:
        call.reply.usage = added(call.reply.usage, *(each.usage for each in call.reply.earlier))
        call.charge.cost_nanos += sum(each.cost_nanos for each in call.reply.earlier)
        call.charge.cache_saved_nanos += sum(each.cache_saved_nanos for each in call.reply.earlier)
        call.charge.is_estimated |= any(each.is_estimated for each in call.reply.earlier)


def _charge_round(call: Call, gateway: Gateway) -> None:
    if call.hold is None or not call.was_invoked:
        return
    if call.reply.has_usage:
        _learn(call, gateway)
    else:
        usage = _estimated(call, gateway)
        if usage is None:
            return
        call.charge.is_estimated = True
        call.reply.usage = usage
    price = _price(call, call.deployment)
    call.charge.price_id = price.id
    call.charge.cache_saved_nanos = cache_saving(price, call.reply.usage)
    call.charge.images = call.conversation.image_count
    call.charge.cost_nanos = cost(price, call.reply.usage, images=call.charge.images)
    held = max(0, call.hold.nanos - sum(each.cost_nanos for each in call.reply.earlier))
    if call.charge.cost_nanos > held:
        if not call.charge.is_estimated:
            logger.warning(
                "call %s: %s says that it used more than it can have, and is charged for what was held",
                call.id, call.deployment.invoke_id,
            )  # fmt: skip
        call.charge.cost_nanos, call.charge.is_estimated = held, True


def _learn(call: Call, gateway: Gateway) -> None:
    """What the usage reported tells: of a family's tokenizer, and of what the provider's cache holds now."""
    usage = call.reply.usage
    if call.routed.route.strategy == "score":
        gateway.fleet.lengths.note(call)
    # An embedding has no chat's template around it, and what an image or a page counts for is no matter of tokenizers.
    teaches = call.request.kind == "text" and not call.reply.earlier and not has_media(call.sent_conversation)
    if teaches:
        gateway.estimator.learn(
            family=family_of(call.deployment),
            expected=call.bounds.counted_input_tokens,
            actual=usage.prompt,
        )
    if usage.cache_read or usage.cache_write or usage.cache_write_1h:
        points = points_of(call.sent_conversation, key=call.key.team.placeholder_key)
        gateway.cached_prefixes.learn(call.deployment.id, points, usage, now=perf_counter())


def _price(call: Call, deployment: DeploymentEntry) -> PriceEntry:
    """The price at admission, of the tier that Bedrock says it served: an optimised call may get the standard one."""
    if call.reply.served_tier is not None and call.reply.served_tier != call.tier:
        served = price_at(deployment.prices, call.moment, call.reply.served_tier)
        if served is not None:
            call.tier = call.reply.served_tier
            return served
    price = price_at(deployment.prices, call.moment, call.tier)
    assert price is not None
    return price


def _estimated(call: Call, gateway: Gateway) -> Usage | None:
    """What a reply without an end has used; None when nothing was begun that could be billed.

    A stream is charged for what came of it, and for its prompt by what is known of the provider's cache. Of a whole
    answer that never came nothing is known, so it is charged like a hold that expires: for all it can have been.
    """
    may_be_billed = call.reply.may_be_billed or (call.refusal is not None and call.refusal.may_be_billed)
    if may_be_billed and not call.reply.is_streamed:
        return Usage(input=call.bounds.counted_input_tokens, output=call.bounds.max_tokens)
    if not (call.reply.answer or call.reply.has_ended or call.is_cancelled or may_be_billed):
        return None
    written = "".join(block.text for block in call.reply.answer)
    factor = gateway.estimator.factor(family_of(call.deployment))
    output = min(count_text(written, factor=factor), call.bounds.max_tokens)
    return interrupted_usage(call, gateway.cached_prefixes, output=output, now=perf_counter())
