from gateway.call import Call
from gateway.call.fit import Fit
from gateway.outbound.callers_contract import contract_for
from gateway.refusals import Refusal
from gateway.routing.fitting import fit_for, lowest
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
            found = fit_for(call, deployment, gateway.refused_features, most_tokens=gateway.max_output_tokens)
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
    if asked is not None and asked.max_tokens is not None:
        wanted = asked.max_tokens
    elif call.routed.route.default_max_tokens is None and len(call.routed.deployments) > 1:
        wanted = max(each.max_output_tokens for each in call.routed.deployments)
    else:
        return config.max_tokens
    limits = [each.max_output_tokens for each in call.routed.deployments]
    most = lowest(
        call.routed.route.max_tokens_limit, gateway.max_output_tokens, max(limits) if all(limits) else None
    )
    return max(config.max_tokens, min(wanted, most or wanted))
