from gateway.call import Call
from gateway.call.fit import Fit
from gateway.outbound.callers_contract import contract_for
from gateway.refusals import Refusal
from gateway.routing.fitting import fit_for
from gateway.runtime import Gateway


def capabilities(call: Call, gateway: Gateway) -> None:
    """Holds the request against what the models can do: repairs what can be, and says so; passes by deployments that
    can't answer it. Refusal invalid_request, by name, where none can, and for a schema that is none.
    """
    if not call.conversation.messages:
        raise Refusal("invalid_request", "'messages' is empty: send at least one message.", param="messages")
    if call.request.kind != "text":
        return
    _check_bound(call)
    if call.asked_output is not None and not call.is_own:
        call.contract = contract_for(call.asked_output, call.request.wire_format)
    refused: Refusal | None = None
    for number, deployment in enumerate(call.routed.deployments):
        try:
            found = fit_for(call, deployment, gateway.without_native, most_tokens=gateway.max_output_tokens)
        except Refusal as refusal:
            refused = refused or refusal
            continue
        call.routed = call.routed.without_first(number)
        call.bounds.max_tokens = _bound(call, gateway, found)
        return
    assert refused is not None
    raise refused


def _check_bound(call: Call) -> None:
    config = call.conversation.inference_config
    if config is not None and config.max_tokens is not None and config.max_tokens < 1:
        raise Refusal(
            "invalid_request", f"max_tokens must be at least 1, not {config.max_tokens}.", param="max_tokens"
        )


def _bound(call: Call, gateway: Gateway, found: Fit) -> int:
    """The most tokens of output that any of the deployments may be asked for."""
    config, asked = found.conversation.inference_config, call.conversation.inference_config
    assert config is not None
    assert config.max_tokens is not None
    if asked is None or asked.max_tokens is None:
        return config.max_tokens
    route = call.routed.route
    limits = [each.max_output_tokens or gateway.max_output_tokens for each in call.routed.deployments]
    most = min(route.max_tokens_limit or gateway.max_output_tokens, gateway.max_output_tokens, max(limits))
    return max(config.max_tokens, min(asked.max_tokens, most))
