from dataclasses import replace

from gateway.call import Call
from gateway.call.prompt_run import PREFIX
from gateway.catalogue.policy.pricing import price_at
from gateway.refusals import Refusal
from gateway.routing.plan import plan
from gateway.runtime import Gateway

_MAX_NAMED = 10


def resolve_route(call: Call, gateway: Gateway) -> None:
    """Finds the deployments to try, in order. Refusals: model_not_found, model_not_allowed, unpriced_model."""
    assert call.key is not None
    call.admitted_at = gateway.ledger.now()
    call.tier = call.conversation.tier
    route = gateway.snapshot.routes.get(call.model_name)
    if route is None:
        names = [name for name in gateway.snapshot.route_names if call.key.may_call(name, call.admitted_at)]
        known = ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")
        hint = f"Known models: {known}." if names else "No model has been set up yet."
        raise Refusal(
            "model_not_found", f"There is no model '{call.model_name[:200]}'. {hint}", param="model"
        )
    if not (call.key.may_call(route.name, call.admitted_at) or _may_run(call)):
        raise Refusal(
            "model_not_allowed", f"This API key may not call the model '{route.name}'.", param="model"
        )
    call.route = route
    if not route.deployments:
        raise Refusal(
            "model_not_found", f"The model '{route.name}' has no enabled deployment.", param="model"
        )
    if not any(deployment.kind == call.kind for deployment in route.deployments):
        path = "/v1/embeddings" if call.kind == "text" else "/v1/chat/completions"
        raise Refusal(
            "invalid_request", f"The model '{route.name}' can't do this. Call it at {path}.", param="model"
        )
    priced = tuple(
        deployment
        for deployment in plan(route, gateway.random)
        if deployment.kind == call.kind
        and price_at(deployment.prices, call.admitted_at, call.tier) is not None
    )
    if not priced:
        tier = f" for the tier '{call.tier}'" if call.tier else ""
        raise Refusal(
            "unpriced_model",
            f"The model '{route.name}' has no price in force{tier}, so it can't be called.",
            param="service_tier" if call.tier else "model",
        )
    profiles = call.key.team.inference_profiles
    if profiles:
        priced = tuple(
            replace(deployment, invoke_id=profiles.get(deployment.id, deployment.invoke_id))
            for deployment in priced
        )
    call.deployments = priced
    call.deployment = priced[0]


def _may_run(call: Call) -> bool:
    """Whether the key names the prompt among its models: then it may be run, whatever its model."""
    assert call.key is not None
    if call.is_inner:
        return True  # what a prompt draws on is chosen in its version
    return call.prompt is not None and f"{PREFIX}{call.prompt.prompt.name}" in call.key.allowed_models
