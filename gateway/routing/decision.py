"""PURE: why a route's first choice is the first, for the record; and the answer's sentence about it."""

from __future__ import annotations

from functools import lru_cache

from gateway.call import Call
from gateway.call.decision import Candidate, Decision
from gateway.call.groups import Routed
from gateway.catalogue.policy import price_at

_REASONS = {
    "ordered": "first of {number} in order",
    "weighted": "drawn by weight from {number}",
    "spread": "most room among {number}",
}
_MAX_CANDIDATES = 10


def decide(call: Call) -> None:
    """Notes what could have been chosen, and by which rule one is."""
    found, decision = call.routed, call.decision
    own = len(found.own)
    decision.wishes = call.request.wishes
    if found.ranking is not None:
        _by_score(found, decision)
        return
    decision.reason = _REASONS.get(found.route.strategy, "first of {number}").format(number=own)
    if found.stand_ins:
        decision.candidates = tuple(
            Candidate(each.model_id, each.region, each.invoke_id, note=_note(found, each.id))
            for each in found.deployments[:_MAX_CANDIDATES]
        )
    else:
        decision.candidates = tuple(
            [
                _candidate(each.model_id, each.region, each.invoke_id)
                for each in found.deployments[:_MAX_CANDIDATES]
            ]
        )


def _by_score(found: Routed, decision: Decision) -> None:
    ranking = found.ranking
    assert ranking is not None
    decision.reason, decision.rule, decision.confidence = ranking.reason, ranking.rule, ranking.confidence
    decision.score = ranking.scores[found.deployments[0].id]
    decision.candidates = tuple(
        [
            Candidate(
                each.model_id, each.region, each.invoke_id, ranking.scores.get(each.id), _note(found, each.id)
            )
            for each in found.deployments[:_MAX_CANDIDATES]
        ]
    )


@lru_cache(maxsize=4096)
def _candidate(model_id: str, region: str, invoke_id: str) -> Candidate:
    return Candidate(model_id, region, invoke_id)


def _note(found: Routed, deployment_id: int) -> str:
    stand_in = found.stand_ins.get(deployment_id)
    return "" if stand_in is None else f"falls back to {stand_in.route}"


def sentence_of(call: Call) -> str:
    """One line of ASCII about the deployment that was asked last."""
    deployment, decision = call.deployment, call.decision
    model = deployment.name or deployment.model_id
    if deployment.id == call.routed.route.deployments[0].id and not decision.events:
        return _plain(model, deployment.invoke_id, deployment.region, decision.reason)
    if decision.cost_impact is None:
        decision.cost_impact = _impact(call)
    stand_in = call.routed.stand_ins.get(deployment.id)
    if stand_in is not None:
        decision.fell_back_to = stand_in.route
        decision.note(f"{call.routed.route.name} falls back to {stand_in.route}")
    return decision.sentence(model=model, invoke_id=deployment.invoke_id, region=deployment.region)


@lru_cache(maxsize=4096)
def _plain(model: str, invoke_id: str, region: str, reason: str) -> str:
    """Where nothing happened on the way, and the route's first deployment answers."""
    return Decision(reason=reason).sentence(model=model, invoke_id=invoke_id, region=region)


def _impact(call: Call) -> float | None:
    """What the deployment costs beside the first of its route, for as much input as output."""
    first, chosen = call.routed.route.deployments[:1], call.deployment
    if not first or first[0].id == chosen.id:
        return None
    prices = [price_at(each.prices, call.moment, call.tier) for each in (first[0], chosen)]
    if prices[0] is None or prices[1] is None:
        return None
    sums = [each.rates_for(0).input + each.rates_for(0).output for each in prices if each is not None]
    return (sums[1] - sums[0]) / sums[0] if sums[0] and sums[1] != sums[0] else None
