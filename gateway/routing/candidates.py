"""PURE: the deployments that may answer a call: those of its route, then those of the routes that it falls back to."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from gateway.call import Call
from gateway.call.groups import Routed, StandIn
from gateway.catalogue.policy import price_at
from gateway.routing.plan import plan
from gateway.routing.residency import document_of, is_within, pins_of
from gateway.routing.scoring.scored import Live, by_score, is_scored, stands_against
from gateway.snapshot.state import DeploymentEntry, RouteEntry, Snapshot


def routed(call: Call, route: RouteEntry, random: Random, snapshot: Snapshot, live: Live) -> Routed:
    """Where a call of a route may go; without deployments where none may take it."""
    deployments = candidates(call, route, random)
    ranking = None
    if call.request.wishes is not None:
        deployments = tuple([each for each in deployments if not stands_against(call, each, live)])
    if deployments and is_scored(call, route):
        ranking = by_score(call, route, deployments, snapshot, live)
        deployments = () if ranking is None else ranking.deployments
    names = chain_of(call, route) if deployments else ()
    if not names:
        return Routed(route=route, deployments=deployments, ranking=ranking)
    found = list(deployments)
    known = {each.id for each in found}
    stand_ins: dict[int, StandIn] = {}
    for place, name in enumerate(names, 1):
        fallback = snapshot.routes.get(name)
        if fallback is None or not may_stand_in(call, route, fallback):
            continue
        for each in candidates(call, fallback, random, own=route):
            if each.id not in known and not (call.request.wishes and stands_against(call, each, live)):
                known.add(each.id)
                found.append(each)
                stand_ins[each.id] = StandIn(place, fallback.name)
    return Routed(route=route, deployments=tuple(found), stand_ins=stand_ins, ranking=ranking)


def candidates(
    call: Call, route: RouteEntry, random: Random, *, own: RouteEntry | None = None
) -> tuple[DeploymentEntry, ...]:
    """Those of the kind asked for, in the regions allowed, that have a price, and that the team may use; each under the team's
    own inference profile, where it has one. `own` is the call's route where `route` is one that it falls back to."""
    profiles = call.key.team.inference_profiles
    may_leave_aws = call.key.team.may_leave_aws and not call.request.stays_in_aws
    pins = pins_of(call, route, own)
    return tuple(
        deployment
        if (profile := profiles.get(deployment.id)) is None
        else replace(deployment, invoke_id=profile)
        for deployment in plan(route, random)
        if deployment.kind == call.request.kind
        and (may_leave_aws or deployment.is_in_aws)
        and (not pins or is_within(deployment, pins))
        and price_at(deployment.prices, call.moment, call.tier) is not None
    )


def chain_of(call: Call, route: RouteEntry) -> tuple[str, ...]:
    """Names of the routes that answer when this one can't: those of the prompt's version, then the route's own."""
    if call.request.kind != "text" or call.request.is_inner:
        return ()
    if call.request.prompt is None:
        return route.fallbacks
    document = document_of(call)
    own = () if document is None else document.fallbacks
    return tuple(dict.fromkeys((*own, *route.fallbacks))) if own else route.fallbacks


def may_stand_in(call: Call, route: RouteEntry, fallback: RouteEntry) -> bool:
    """Whether the key may call it, and every budget and rate limit that it falls under counts the call already: none can be
    joined on the way."""
    if fallback.name == route.name or not call.key.may_call(fallback.name, call.moment):
        return False
    facts = replace(call.facts(), model=route.name)
    there = replace(facts, model=fallback.name)
    scopes = [*(each.scope for each in call.key.budgets), *(each.scope for each in call.key.rate_limits)]
    return all(scope.subject_of(there) in (None, scope.subject_of(facts)) for scope in scopes)
