from gateway.call import Call
from gateway.events import Usage
from gateway.pricing import cost, price_at
from gateway.routing.families import family_of
from gateway.runtime import Gateway
from gateway.tokens import count_text


def settle(call: Call, gateway: Gateway) -> None:
    """What the call cost, by the usage reported, or by what was counted where none came. No hold, no cost."""
    if call.admission is None or call.deployment is None or not call.was_invoked:
        return
    if not call.has_usage:
        if not call.answer and not call.is_cancelled:
            return  # the model refused or was never reached: nothing was begun that it could bill
        call.is_estimated = True
        written = "".join(block.text for block in call.answer)
        output = count_text(written, factor=gateway.estimator.factor(family_of(call.deployment)))
        call.usage = Usage(input=call.counted_input_tokens, output=min(output, call.max_tokens))
    else:
        gateway.estimator.learn(
            family=family_of(call.deployment), expected=call.counted_input_tokens, actual=call.usage.prompt
        )
    price = price_at(call.deployment.prices, call.started_at)
    assert price is not None
    call.cost_nanos = cost(price, call.usage)
