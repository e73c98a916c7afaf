from gateway.call import Call
from gateway.events import Usage
from gateway.pricing import cost, price_at
from gateway.routing.families import family_of
from gateway.runtime import Gateway
from gateway.tokens import count_text


def settle(call: Call, gateway: Gateway) -> None:
    """What the call cost, by the usage reported, or by an estimate where none came. No hold, no cost."""
    if call.admission is None or call.deployment is None or not call.was_invoked:
        return
    family = family_of(call.deployment)
    if call.has_usage:
        gateway.estimator.learn(family=family, expected=call.counted_input_tokens, actual=call.usage.prompt)
    else:
        usage = _estimated(call, gateway.estimator.factor(family))
        if usage is None:
            return
        call.is_estimated = True
        call.usage = usage
    price = price_at(call.deployment.prices, call.started_at)
    assert price is not None
    call.cost_nanos = cost(price, call.usage, images=call.conversation.image_count if price.image else 0)


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
