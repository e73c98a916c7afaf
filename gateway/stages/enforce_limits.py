import asyncio

from gateway.call import Call
from gateway.conversation import InferenceConfig
from gateway.providers.bedrock.client import Attempt
from gateway.refusals import Refusal
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.tokens import Estimate

_COUNTING_VENDORS = frozenset({"anthropic"})
"""Whose models have CountTokens. Source: the CountTokens page of the Bedrock API reference."""

_COUNT_TIMEOUT_SECONDS = 10.0


async def enforce_limits(call: Call, gateway: Gateway) -> None:
    """Bounds the answer and measures the prompt. Refusals: max_tokens_exceeded, context_length_exceeded."""
    if not call.conversation.messages:
        raise Refusal("invalid_request", "'messages' is empty: send at least one message.", param="messages")
    if call.request.kind == "text":
        _bound_output(call, gateway)
    smallest = min(call.routed.deployments, key=lambda deployment: deployment.context_window)
    family = family_of(smallest)
    if call.is_large:
        estimate = await asyncio.to_thread(gateway.estimator.estimate, call.conversation, family=family)
    else:
        estimate = gateway.estimator.estimate(call.conversation, family=family)
    call.bounds.counted_input_tokens = estimate.expected
    call.bounds.input_bound = estimate.upper_bound
    # The texts of an embedding call stand each for itself: the model says when one is too long.
    if call.request.kind == "text" and estimate.upper_bound > smallest.context_window:
        await _check_window(call, gateway, smallest, estimate)


def _bound_output(call: Call, gateway: Gateway) -> None:
    model_limit = min(
        deployment.max_output_tokens or gateway.max_output_tokens for deployment in call.routed.deployments
    )
    limit = min(
        call.routed.route.max_tokens_limit or gateway.max_output_tokens,
        gateway.max_output_tokens,
        model_limit,
    )
    config = call.conversation.inference_config
    if config is None:
        config = call.conversation.inference_config = InferenceConfig()
    asked = config.max_tokens
    if asked is None:
        config.max_tokens = min(call.routed.route.default_max_tokens, limit)
    elif asked < 1:
        raise Refusal("invalid_request", f"max_tokens must be at least 1, not {asked}.", param="max_tokens")
    elif asked > limit:
        raise Refusal(
            "max_tokens_exceeded",
            f"max_tokens is {asked}, but '{call.routed.route.name}' allows {limit} tokens of output per call.",
            param="max_tokens",
        )
    assert config.max_tokens is not None
    call.bounds.max_tokens = config.max_tokens


async def _check_window(
    call: Call, gateway: Gateway, deployment: DeploymentEntry, estimate: Estimate
) -> None:
    """Near the window's edge the estimate is not enough: Bedrock counts, where the model has that."""
    counted = estimate.expected
    family = family_of(deployment)
    near = estimate.lower_bound <= deployment.context_window
    if near and family in _COUNTING_VENDORS:
        attempt = Attempt(deployment.region, deployment.invoke_id, _COUNT_TIMEOUT_SECONDS)
        counted = await gateway.bedrock.count_tokens(attempt, call.conversation)
        gateway.estimator.learn(family=family, expected=estimate.expected, actual=counted)
        call.bounds.counted_input_tokens = counted
        call.bounds.input_bound = counted
    if counted > deployment.context_window:
        raise Refusal(
            "context_length_exceeded",
            f"The prompt has about {counted} tokens, but the model's context window is {deployment.context_window}. "
            "Shorten it.",
            param="messages",
        )
