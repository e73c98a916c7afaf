from dataclasses import replace
from datetime import datetime

from gateway.call import Call
from gateway.call.groups import Routed
from gateway.call.prompt_run import PREFIX
from gateway.catalogue.policy import price_at
from gateway.refusals import Refusal
from gateway.routing.plan import plan
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry, RouteEntry

_MAX_NAMED = 10
_PATHS = {"text": "/v1/chat/completions", "embedding": "/v1/embeddings", "rerank": "/v1/rerank"}
"""Where models are called, by kind."""
_GEOGRAPHIES = frozenset({"us", "us-gov", "eu", "apac", "global", "jp", "au", "ca"})
"""What inference profiles put before a model's ID."""


def resolve_route(call: Call, gateway: Gateway) -> None:
    """Finds the deployments to try, in order. Refusals: model_not_found, model_not_allowed, unpriced_model."""
    now = call.admitted_at = gateway.ledger.now()
    call.tier = call.conversation.tier
    route = gateway.snapshot.routes.get(call.model_name)
    if route is None:
        raise _unknown(call, gateway, now)
    if not (call.key.may_call(route.name, now) or _may_run(call)):
        raise Refusal(
            "model_not_allowed", f"This API key may not call the model '{route.name}'.", param="model"
        )
    priced = tuple(
        _for_team(call, deployment)
        for deployment in plan(route, gateway.random)
        if deployment.kind == call.request.kind and price_at(deployment.prices, now, call.tier) is not None
    )
    call.routed = Routed(route=route, deployments=priced)
    if not priced:
        raise _uncallable(call, route)


def _for_team(call: Call, deployment: DeploymentEntry) -> DeploymentEntry:
    """The deployment under the team's own inference profile, where it has one."""
    profile = call.key.team.inference_profiles.get(deployment.id)
    return deployment if profile is None else replace(deployment, invoke_id=profile)


def _may_run(call: Call) -> bool:
    """Whether the key names the prompt among its models: then it may be run, whatever its model."""
    if call.request.is_inner:
        return True  # what a prompt draws on is chosen in its version
    return call.has_prompt and f"{PREFIX}{call.prompt.prompt.name}" in call.key.allowed_models


def _unknown(call: Call, gateway: Gateway, now: datetime) -> Refusal:
    asked = call.model_name
    bare = asked.rpartition("/")[2].lower()  # of an ARN, or behind the name of a provider
    bare = bare.partition(".")[2] if bare.partition(".")[0] in _GEOGRAPHIES else bare
    if (successor := gateway.snapshot.retired.get(bare)) is not None:
        name = gateway.snapshot.routes[successor].name
        return Refusal(
            "model_not_found",
            f"The model '{asked[:200]}' is no longer offered. Use '{name}' in its place.",
            param="model",
        )
    names = [name for name in gateway.snapshot.route_names if call.key.may_call(name, now)]
    known = ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")
    hint = f"Known models: {known}." if names else "No model has been set up yet."
    return Refusal("model_not_found", f"There is no model '{call.model_name[:200]}'. {hint}", param="model")


def _uncallable(call: Call, route: RouteEntry) -> Refusal:
    """Why no deployment of a route can take the call."""
    kind = call.request.kind
    if not route.deployments:
        return Refusal(
            "model_not_found", f"The model '{route.name}' has no enabled deployment.", param="model"
        )
    if not any(deployment.kind == kind for deployment in route.deployments):
        path = _PATHS[route.deployments[0].kind]
        return Refusal(
            "invalid_request", f"The model '{route.name}' can't do this. Call it at {path}.", param="model"
        )
    tier = f" for the tier '{call.tier}'" if call.tier else ""
    return Refusal(
        "unpriced_model",
        f"The model '{route.name}' has no price in force{tier}, so it can't be called.",
        param="service_tier" if call.tier else "model",
    )
