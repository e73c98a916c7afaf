import asyncio
from dataclasses import replace
from functools import partial

from gateway.call import Call
from gateway.providers.provider import Attempt
from gateway.refusals import Refusal
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.tokens import Estimate, has_media

_COUNT_TIMEOUT_SECONDS = 10.0


async def enforce_limits(call: Call, gateway: Gateway) -> None:
    """Measures the prompt. Refusal context_length_exceeded."""
    own = call.routed.own
    smallest = min(own, key=lambda deployment: deployment.context_window)
    models = {deployment.model_id for deployment in own}
    estimate_of = partial(
        gateway.estimator.estimate,
        call.sent_conversation,
        family=family_of(smallest),
        model_id=smallest.model_id if len(models) == 1 else "",
    )
    estimate = await asyncio.to_thread(estimate_of) if call.is_large else estimate_of()
    call.bounds.counted_input_tokens = estimate.expected
    call.bounds.input_bound = estimate.upper_bound
    # The texts of an embedding call stand each for itself: the model says when one is too long.
    if call.request.kind != "text":
        return
    if estimate.upper_bound > smallest.context_window and _keep_large(call, estimate.upper_bound):
        smallest = min(call.routed.own, key=lambda deployment: deployment.context_window)
    if estimate.upper_bound > smallest.context_window:
        await _check_window(call, gateway, smallest, estimate)
    _leave_room(call, smallest)
    if call.routed.stand_ins:
        _drop_small(call)


def _keep_large(call: Call, tokens: int) -> bool:
    """Leaves out those of the route whose window is too small, where another one's is not; whether there were any."""
    kept = tuple(each for each in call.routed.deployments if each.context_window >= tokens)
    if not kept or len(kept) == len(call.routed.deployments):
        return False
    if not any(each.id not in call.routed.stand_ins for each in kept):
        return False
    call.decision.note("windows that are too small are left out")
    call.routed = replace(call.routed, deployments=kept)
    return True


def _drop_small(call: Call) -> None:
    """Who stands in must be able to take the prompt, and give as much of an answer."""
    needed = call.bounds.input_bound + call.bounds.max_tokens
    kept = tuple(
        each
        for each in call.routed.deployments
        if each.id not in call.routed.stand_ins or each.context_window >= needed
    )
    if kept and len(kept) < len(call.routed.deployments):
        call.routed = replace(call.routed, deployments=kept)


def _leave_room(call: Call, deployment: DeploymentEntry) -> None:
    """Bounds the answer by what the prompt leaves of the window: many models refuse a request for more than that."""
    room = deployment.context_window - call.bounds.input_bound
    if 0 < room < call.bounds.max_tokens:
        call.bounds.max_tokens = room


async def _check_window(
    call: Call, gateway: Gateway, deployment: DeploymentEntry, estimate: Estimate
) -> None:
    """Near the window's edge an estimate refuses nothing: Bedrock counts, where the model has that, else it decides."""
    counted = estimate.expected
    if estimate.lower_bound <= deployment.context_window:
        exact = await _counted(call, gateway, deployment) if deployment.capability.count_tokens_id else None
        if exact is None:
            return  # it is sent, under a hold of all that it can have
        call.bounds.counted_input_tokens = call.bounds.input_bound = counted = exact
        if has_media(call.sent_conversation):
            call.bounds.input_bound = max(
                exact, estimate.expected
            )  # pages may be counted by their text alone
        else:
            family = family_of(deployment)
            gateway.estimator.learn(family=family, expected=estimate.expected, actual=exact)
    if counted > deployment.context_window:
        raise Refusal(
            "context_length_exceeded",
            f"The prompt has about {counted} tokens, but the model's context window is {deployment.context_window}. "
            "Shorten it.",
            param="messages",
        )


async def _counted(call: Call, gateway: Gateway, deployment: DeploymentEntry) -> int | None:
    """What Bedrock counts; None where it can't be had, which is no reason to refuse a prompt.

    It takes the base ID, never a profile (pydantic/pydantic-ai#4001); in some set-ups not even that (BerriAI/litellm#34272).
    """
    attempt = Attempt(deployment.region, deployment.capability.count_tokens_id, _COUNT_TIMEOUT_SECONDS)
    try:
        return await gateway.bedrock.count_tokens(attempt, call.sent_conversation)
    except Refusal as refusal:
        call.stages.append(("count tokens", 0.0, refusal.code))
        return None
