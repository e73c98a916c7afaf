from dataclasses import replace
from datetime import datetime

from gateway.call import Call
from gateway.call.prompt_run import PREFIX
from gateway.catalogue.wishes import HEADER
from gateway.refusals import Refusal
from gateway.routing.candidates import candidates, routed
from gateway.routing.decision import decide
from gateway.routing.residency import is_within, pins_of
from gateway.routing.scoring.scored import may_by_rule, rule_of, stands_against
from gateway.routing.worst_case import BATCH_TIER
from gateway.runtime import Gateway
from gateway.snapshot.names import nearest
from gateway.snapshot.retired import advice_on
from gateway.snapshot.state import RouteEntry
from kernel.clock import utc_now

_MAX_NAMED = 10
_PATHS = {"text": "/v1/chat/completions", "embedding": "/v1/embeddings", "rerank": "/v1/rerank"}
"""Where models are called, by kind."""


def resolve_route(call: Call, gateway: Gateway) -> None:
    """Finds the deployments to try, in order. Refusals: model_not_found, model_not_allowed, no_suitable_model, unpriced_model."""
    now = call.admitted_at = utc_now()
    call.tier = call.conversation.tier
    record = None if call.job is None else call.job.record
    if record is not None:
        call.tier = BATCH_TIER
    route = gateway.snapshot.route(call.model_name, call.key.team)
    if route is None:
        raise _unknown(call, gateway, now)
    if not (call.key.may_call(route.name, now) or _may_run(call) or call.is_made):
        # By the caller's word: what it leads to may be a name that the key is not to know.
        raise Refusal(
            "model_not_allowed",
            f"This API key may not call the model '{call.model_name[:200]}'.{_near(call, gateway, now)}",
            param="model",
        )
    call.routed = routed(call, route, gateway.random, gateway.snapshot, gateway.fleet)
    if record is not None:
        asked = tuple(each for each in call.routed.deployments if each.id == record.deployment_id)
        call.routed = replace(call.routed, deployments=asked)
    if not call.routed.deployments:
        raise _uncallable(call, route, gateway)
    if len(call.routed.deployments) > 1 or call.routed.ranking is not None or call.request.wishes is not None:
        decide(call)


def _may_run(call: Call) -> bool:
    """Whether the key names the prompt among its models: then it may be run, whatever its model."""
    if call.request.is_inner:
        return True  # what a prompt draws on is chosen in its version
    return call.has_prompt and f"{PREFIX}{call.prompt.prompt.name}" in call.key.allowed_models


def _unknown(call: Call, gateway: Gateway, now: datetime) -> Refusal:
    asked = call.model_name
    if advice := advice_on(gateway.snapshot, call.key, asked, now):
        text = f"The model '{asked[:200]}' is no longer offered. {advice}"
        return Refusal("model_not_found", text, param="model")
    hint = _near(call, gateway, now) or _some(call, gateway, now)
    return Refusal("model_not_found", f"There is no model '{asked[:200]}'.{hint}", param="model")


def _near(call: Call, gateway: Gateway, now: datetime) -> str:
    """The names most like the one asked for, of those that the key may call."""
    near = nearest(call.model_name, _callable(call, gateway, now))
    return f" The nearest names: {', '.join(near)}." if near else ""


def _some(call: Call, gateway: Gateway, now: datetime) -> str:
    """All of them where they are few; ten of a hundred, none of which is like what was asked for, would help nobody."""
    names = _callable(call, gateway, now)
    if len(names) > _MAX_NAMED:
        return " GET /v1/models lists those that this API key may call."
    return f" Known models: {', '.join(names)}." if names else " This API key may call none yet."


def _callable(call: Call, gateway: Gateway, now: datetime) -> tuple[str, ...]:
    return tuple(name for name in gateway.snapshot.route_names if call.key.may_call(name, now))


def _uncallable(call: Call, route: RouteEntry, gateway: Gateway) -> Refusal:
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
    pins = pins_of(call, route)
    within = [each for each in route.deployments if not pins or is_within(each, pins)]
    if not within:
        where = "; ".join(", ".join(each) for each in pins)
        there = ", ".join(
            dict.fromkeys(f"{each.invoke_id} in {each.region}" for each in route.deployments[:_MAX_NAMED])
        )
        return Refusal(
            "no_suitable_model",
            f"The model '{route.name}' can't be answered within the regions that this call is pinned to ({where}). It is "
            f"deployed as {there}. Call a model that is deployed there, or ask an administrator.",
            param="model",
        )
    if not call.key.team.may_leave_aws and not any(each.is_in_aws for each in within):
        return Refusal(
            "no_suitable_model",
            f"The model '{route.name}' is served outside of AWS alone, and calls of the team {call.key.team.name} may not leave "
            "AWS. Choose another model, or ask an administrator of Gatehouse to let the team.",
            param="model",
            may_retry=False,
        )
    if call.request.stays_in_aws and not any(each.is_in_aws for each in within):
        return Refusal(
            "no_suitable_model",
            f"The model '{route.name}' is served outside of AWS alone, and the call that this is made for was to stay there.",
            param="model",
            may_retry=False,
        )
    if (against := _against(call, route, gateway)) is not None:
        return against
    if route.strategy == "weighted" and not any(each.weight for each in route.deployments):
        return Refusal(
            "model_not_found",
            f"The model '{route.name}' goes by weight, and none of its enabled deployments has one, so no call goes anywhere. An "
            "administrator can give them weights.",
            param="model",
        )
    tier = f" for the tier '{call.tier}'" if call.tier else ""
    return Refusal(
        "unpriced_model",
        f"The model '{route.name}' has no price in force{tier}, so it can't be called.",
        param="service_tier" if call.tier else "model",
    )


def _against(call: Call, route: RouteEntry, gateway: Gateway) -> Refusal | None:
    """Where deployments could be asked but for the caller's wishes, or the rule that holds: what stands against each."""
    able = candidates(call, route, gateway.random)
    rule = rule_of(call, route, gateway.snapshot)
    reasons = []
    for each in able[:_MAX_NAMED]:
        reason = stands_against(call, each, gateway.fleet)
        if not reason and rule is not None and not may_by_rule(each, rule):
            reason = f"the rule '{rule.name}' leaves it out"
        if reason:
            reasons.append(f"{each.name or each.model_id} in {each.region}: {reason}")
    if not reasons:
        return None
    return Refusal(
        "no_suitable_model",
        f"No deployment of the model '{route.name}' suits this call. {'; '.join(reasons)}. Wish for less, or call another model.",
        param=HEADER,
    )
