"""PURE: what a call can cost at most, and how much of its answer a hold covers (docs/decisions/0026)."""

from dataclasses import replace

from gateway.call import Call
from gateway.catalogue.capability import Capability
from gateway.catalogue.policy import PriceEntry, price_at, worst_case
from gateway.conversation import Conversation, encode
from gateway.outbound.contract import contract_of
from gateway.routing.plan import family_of
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.tokens import image_bound
from kernel.money import TOKENS_PER_PRICE
from prompts.registry.policy.output_contract import MAX_CORRECTION_TOKENS

BATCH_TIER = "batch"
_THINKING_FIELDS = ("reasoning_config", "reasoningConfig", "reasoning_effort")
_ROOM_FOR_SCHEMA = 700
"""Tokens of what goes with a schema: the instructions of tools, or our own words."""


def most_of(call: Call, *, output_tokens: int) -> int:
    """Nano-dollars: all rounds at the dearest of the deployments that may answer, in every tier that may be served, for so
    much output each."""
    worst = 0
    for deployment in call.routed.deployments:
        worst = max(worst, _most_at(call, deployment, output_tokens=output_tokens))
    return worst


def _most_at(call: Call, deployment: DeploymentEntry, *, output_tokens: int) -> int:
    """All rounds at one of them."""
    inputs = _inputs(call, deployment)
    worst = 0
    for price in _prices(call, deployment):
        cost = 0
        for tokens in inputs:
            cost += _cost(call, deployment, price, input_tokens=tokens, output_tokens=output_tokens)
        worst = max(worst, cost)
    return worst


def leave_out_dearest(call: Call) -> bool:
    """Takes away what costs most at worst, where something cheaper of the route's own is left; whether there was. Where no score
    decided only those go that would stand in: no answer of the route itself is refused for what they cost."""
    found = call.routed
    if len(found.deployments) < 2 or (found.ranking is None and not found.stand_ins):
        return False
    tokens = call.bounds.max_tokens
    worst = {each.id: _most_at(call, each, output_tokens=tokens) for each in found.deployments}
    dearest = max(worst.values())
    kept = tuple(each for each in found.deployments if worst[each.id] < dearest)
    own = len(found.own)
    left = sum(each.id not in found.stand_ins for each in kept)
    if not left or (found.ranking is None and left < own):
        return False
    call.routed = replace(found, deployments=kept)
    call.decision.note("the budget leaves out what is dearer")
    return True


def rounds_of(call: Call) -> int:
    """How often the model may be asked."""
    contract = contract_of(call)
    return 1 if contract is None else 1 + contract.output.corrections


def first_tokens(call: Call) -> int:
    """Output tokens that are held at least when a call begins.

    All of them where the route says so, where no more is expected, and where an answer may be asked for anew, since that
    is shown the one before.
    """
    expected, most = call.routed.route.expected_output_tokens, call.bounds.max_tokens
    if not expected or most <= expected or call.request.kind != "text" or rounds_of(call) > 1:
        return most
    capabilities = (each.capability for each in call.routed.deployments)
    thoughts = (thinking_tokens(call.sent_conversation, expected, each) for each in capabilities)
    return min(most, expected + max(thoughts, default=0))


def thinking_tokens(conversation: Conversation, expected: int, capability: Capability) -> int:
    """Tokens that the model may think with at first: its budget, or as many as are expected; 0 where it does not.

    What it thinks is charged whole and shown in part, as a summary or not at all, so it can't be counted as it comes
    (Anthropic API docs: Extended thinking, Summarized thinking).
    """
    fields = conversation.additional_model_request_fields or {}
    thinking = fields.get("thinking")
    kind = thinking.get("type") if isinstance(thinking, dict) else ""
    if isinstance(thinking, dict) and kind in ("enabled", "adaptive"):
        budget = thinking.get("budget_tokens")
        return budget if isinstance(budget, int) else expected
    thinks = any(fields.get(name) for name in _THINKING_FIELDS)
    return expected if thinks or (capability.thinks_unasked and kind != "disabled") else 0


def can_stream(deployment: DeploymentEntry, conversation: Conversation) -> bool:
    """Whether the model can answer this as a stream."""
    capability = deployment.capability
    return capability.supports_streaming and (
        conversation.tool_config is None or capability.supports_streamed_tools
    )


def held_tokens(call: Call, deployment: DeploymentEntry) -> int:
    """Output tokens that what is held covers, if this deployment writes them; what earlier rounds cost is gone."""
    assert call.hold is not None
    left = call.hold.nanos - sum(each.cost_nanos for each in call.reply.earlier)
    counts = [call.bounds.max_tokens]
    for price in _prices(call, deployment):
        tokens = _inputs(call, deployment)[0]
        rate = price.rates_for(tokens).output
        rest = left - _cost(call, deployment, price, input_tokens=tokens, output_tokens=0)
        if rate:
            counts.append(max(0, rest) * TOKENS_PER_PRICE // rate)
    return min(counts)


def nanos_for(call: Call, deployment: DeploymentEntry, tokens: int) -> int:
    """What so many more tokens of output cost at most."""
    rates = [price.rates_for(_inputs(call, deployment)[0]).output for price in _prices(call, deployment)]
    return -(-tokens * max(rates, default=0) // TOKENS_PER_PRICE)


def _prices(call: Call, deployment: DeploymentEntry) -> list[PriceEntry]:
    """Of the tier asked for, and of the standard one that it may fall back to."""
    found = []
    # Batch inference never falls back: what it has made is of its own tier.
    for tier in (call.tier, "") if call.tier and call.tier != BATCH_TIER else (call.tier,):
        if (price := price_at(deployment.prices, call.moment, tier)) is not None:
            found.append(price)
    return found


def _cost(
    call: Call, deployment: DeploymentEntry, price: PriceEntry, *, input_tokens: int, output_tokens: int
) -> int:
    return worst_case(
        price,
        input_tokens=input_tokens,
        max_tokens=output_tokens,
        caches=deployment.supports_prompt_cache,
        images=call.conversation.image_count if price.image else 0,
    )


def _inputs(call: Call, deployment: DeploymentEntry) -> list[int]:
    """The most tokens of input of each round: one that corrects is shown the answer before, and what is wrong with it.

    What is more than the model's window is a bound of what could not be measured: no prompt exceeds that.
    """
    room = call.bounds.max_tokens + MAX_CORRECTION_TOKENS
    first = call.bounds.input_bound
    if len(call.routed.deployments) > 1:
        first += _dearer_images(call, deployment)
    if call.conversation.output_config is not None:
        first += _room_for_schema(call)
    bounds = [first + number * room for number in range(rounds_of(call))]
    if call.request.kind != "text":
        return bounds  # of many texts, each with the window to itself
    return [min(bound, deployment.context_window or bound) for bound in bounds]


def _room_for_schema(call: Call) -> int:
    """By how many tokens the request may grow where another deployment is asked in another way than the bound is of, or
    the same one after it has refused structured output: a schema in another's words has half as much text again."""
    if call.fit is None or not call.conversation.is_json_wanted:
        return 0
    if call.fit.output_mode != "native" and len(call.routed.deployments) == 1:
        return 0
    return _ROOM_FOR_SCHEMA + len(encode(call.conversation.output_config)) // 2


def _dearer_images(call: Call, deployment: DeploymentEntry) -> int:
    """By how many tokens this deployment's vendor may count images higher than the one that the bound is of."""
    measured = min(call.routed.deployments, key=lambda each: each.context_window)
    family, of_bound = family_of(deployment), family_of(measured)
    if family == of_bound:
        return 0
    return max(0, image_bound(call.sent_conversation, family) - image_bound(call.sent_conversation, of_bound))
