from gateway.call import Call, Round
from gateway.catalogue.policy.pricing import PriceEntry, cost, price_at
from gateway.events import Usage, added
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.tokens import count_text


def settle(call: Call, gateway: Gateway) -> None:
    """What the call cost, by the usage reported, or by an estimate where none came. No hold, no cost.

    What it took of its rate limits and did not use, and its slot, are given back.
    """
    _charge(call, gateway)
    if call.ticket is not None:
        tokens = dict.fromkeys(call.token_counters, call.usage.total)
        gateway.limiter.settle(call.ticket, tokens)
    if call.has_slot:
        gateway.slots.release()


def end_round(call: Call, gateway: Gateway) -> None:
    """Puts what this round with the model cost aside, before the next one."""
    _charge_round(call, gateway)
    call.earlier.append(Round(call.usage, call.cost_nanos, call.is_estimated))
    call.usage, call.has_usage, call.cost_nanos, call.is_estimated = Usage(), False, 0, False
    call.answer = []


def _charge(call: Call, gateway: Gateway) -> None:
    _charge_round(call, gateway)
    if call.earlier:
        call.usage = added(call.usage, *(each.usage for each in call.earlier))
        call.cost_nanos += sum(each.cost_nanos for each in call.earlier)
        call.is_estimated |= any(each.is_estimated for each in call.earlier)


def _charge_round(call: Call, gateway: Gateway) -> None:
    if call.admission is None or call.deployment is None or not call.was_invoked:
        return
    family = family_of(call.deployment)
    if call.has_usage and call.kind == "embedding":
        pass  # a chat's template is not around it, so it teaches the estimator nothing
    elif call.has_usage and not call.earlier:
        gateway.estimator.learn(family=family, expected=call.counted_input_tokens, actual=call.usage.prompt)
    elif not call.has_usage:
        usage = _estimated(call, gateway.estimator.factor(family))
        if usage is None:
            return
        call.is_estimated = True
        call.usage = usage
    price = _price(call, call.deployment)
    call.price_id = price.id
    call.images = call.conversation.image_count
    call.cost_nanos = cost(price, call.usage, images=call.images)


def _price(call: Call, deployment: DeploymentEntry) -> PriceEntry:
    """The price at admission, of the tier that Bedrock says it served: an optimised call may get the standard one."""
    if call.served_tier is not None and call.served_tier != call.tier:
        served = price_at(deployment.prices, call.moment, call.served_tier)
        if served is not None:
            call.tier = call.served_tier
            return served
    price = price_at(deployment.prices, call.moment, call.tier)
    assert price is not None
    return price


def _estimated(call: Call, factor: float) -> Usage | None:
    """What a reply without an end has used; None when nothing was begun that could be billed.

    A stream is charged for what came of it. Of a whole answer that never came nothing is known, so it is charged
    like a hold that expires: for all it can have been.
    """
    may_be_billed = call.refusal is not None and call.refusal.may_be_billed
    if may_be_billed and not call.is_stream:
        return Usage(input=call.counted_input_tokens, output=call.max_tokens)
    if not (call.answer or call.is_cancelled or may_be_billed):
        return None
    written = "".join(block.text for block in call.answer)
    output = min(count_text(written, factor=factor), call.max_tokens)
    return Usage(input=call.counted_input_tokens, output=output)
