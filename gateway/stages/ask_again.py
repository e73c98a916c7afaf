from gateway.call import Call
from gateway.catalogue.policy import cost, price_at, worst_case
from gateway.conversation import Block, Message
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from prompts.registry.policy.output_contract import correction

_LEFT_OUT = "(The answer is left out here.)"


def ask_again(call: Call, gateway: Gateway, errors: tuple[str, ...], round_number: int, room: int) -> None:
    """Shows the model its answer and what is wrong with it, for another round.

    Both become part of the request, which is kept, so personal data in them is hidden. The conversation stays within what
    was held for this round: `room` is the tokens that an earlier answer and its correction were given.
    """
    written = "".join(
        block.text for block in call.reply.answer if block.kind in ("text", "tool_use", "raw")
    ).strip()
    told = correction(tuple(call.redacted.mask.hide_answer(error) for error in errors))
    messages = call.conversation.messages
    if (
        messages and messages[-1].role == "assistant"
    ):  # the prompt itself ends with the beginning of the answer
        messages.append(Message(role="user", content=[Block(text=told)]))
        answer = None
    else:
        answer = Block(text=call.redacted.mask.hide_answer(written) or _LEFT_OUT)
        messages.append(Message(role="assistant", content=[answer]))
        messages.append(Message(role="user", content=[Block(text=told)]))
    family = family_of(call.deployment)
    estimate = gateway.estimator.estimate(call.conversation, family=family)
    if answer is not None and estimate.upper_bound > call.bounds.input_bound + round_number * room:
        answer.text = _LEFT_OUT
        estimate = gateway.estimator.estimate(call.conversation, family=family)
    call.bounds.counted_input_tokens = estimate.expected
    call.fit = None  # the conversation is another one now


def may_ask_once_more(call: Call) -> bool:
    """Whether an answer of nothing may be asked for anew: where nothing was written, and both fit into what is held."""
    used, images = call.reply.usage, call.conversation.image_count
    price = price_at(call.deployment.prices, call.moment, call.tier)
    if used.output or call.hold is None or price is None:
        return False
    spent = cost(price, used, images=images) if used.total else 0
    next_one = max(
        worst_case(
            rates,
            input_tokens=used.prompt or call.bounds.input_bound,
            max_tokens=min(call.bounds.max_tokens, call.bounds.first_tokens),
            caches=deployment.supports_prompt_cache,
            images=images,
        )
        for deployment in call.routed.deployments
        for tier in (call.tier, "")
        if (rates := price_at(deployment.prices, call.moment, tier)) is not None
    )
    return spent + next_one <= call.hold.nanos
