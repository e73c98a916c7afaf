"""PURE: the deployments of a call's route by score, with what is known now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Protocol

from gateway.call import Call
from gateway.call.decision import Ranking
from gateway.catalogue.routing_rules import BEDROCK, DEFAULT_WEIGHTS, RuleEntry, Weights, first_that_holds
from gateway.catalogue.wishes import NOTHING, Wishes
from gateway.routing.fleet.health import Health
from gateway.routing.residency import document_of, is_within
from gateway.routing.scoring.lengths import Lengths
from gateway.routing.scoring.ranking import Asked, Figures, rank
from gateway.snapshot.state import DeploymentEntry, RouteEntry, Snapshot
from kernel.clock import perf_counter

_REMEMBERED_SECONDS = 0.2
_MAX_REMEMBERED = 500


class Rankings:
    """Of one process: what was found a moment ago for a call like this one. Figures move more slowly than that."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[float, RouteEntry, Ranking]] = {}

    def get(self, kind: Hashable, route: RouteEntry, now: float) -> Ranking | None:
        found = self._found.get(kind)
        if found is None or found[1] is not route or now - found[0] > _REMEMBERED_SECONDS:
            return None
        return found[2]

    def put(self, kind: Hashable, route: RouteEntry, now: float, ranking: Ranking) -> None:
        if len(self._found) >= _MAX_REMEMBERED:
            self._found.clear()
        self._found[kind] = now, route, ranking


class Live(Protocol):
    """What a process has seen of its calls."""

    lengths: Lengths
    rankings: Rankings

    def of(self, deployment_id: int) -> Health: ...


def is_scored(call: Call, route: RouteEntry) -> bool:
    """Whether a score decides: the route says so, or the caller has wishes that order candidates."""
    if route.strategy == "score":
        return True
    wishes = call.request.wishes
    return wishes is not None and (wishes.newest or bool(wishes.model) or wishes.cost in ("low", "high"))


def by_score(
    call: Call, route: RouteEntry, deployments: tuple[DeploymentEntry, ...], snapshot: Snapshot, live: Live
) -> Ranking | None:
    """Their ranking; None where none is left by the rule that holds."""
    expected = live.lengths.expected(call, route.name)
    if call.request.wishes is not None:
        return _ranked(call, route, deployments, snapshot, live, expected)
    kind = (
        route.name, call.key.team.id, call.request.feature, call.prompt.prompt.id if call.has_prompt else 0, call.tier,
        expected[0].bit_length(), expected[1].bit_length(), _weights_of(call, route),
        # Versions of a prompt may be pinned to other regions: what one may not be sent to was ranked for the other.
        tuple([each.id for each in deployments]),
    )  # fmt: skip
    now = perf_counter()
    ranking = live.rankings.get(kind, route, now)
    if ranking is None:
        ranking = _ranked(call, route, deployments, snapshot, live, expected)
        if ranking is not None:
            live.rankings.put(kind, route, now, ranking)
    return ranking


def _ranked(
    call: Call,
    route: RouteEntry,
    deployments: tuple[DeploymentEntry, ...],
    snapshot: Snapshot,
    live: Live,
    expected: tuple[int, int],
) -> Ranking | None:
    wishes = call.request.wishes or NOTHING
    rule = rule_of(call, route, snapshot)
    if rule is not None:
        deployments = tuple([each for each in deployments if may_by_rule(each, rule)])
    if not deployments:
        return None
    expected_input, expected_output = expected
    asked = Asked(
        input_tokens=expected_input,
        output_tokens=expected_output,
        moment=call.moment,
        tier=call.tier,
        wishes=wishes,
    )
    scopes = scopes_of(call)

    def figures_of(deployment: DeploymentEntry) -> Figures:
        health = live.of(deployment.id)
        return Figures(
            quality_of(snapshot.qualities, deployment.model_id, scopes),
            health.pace.expected(expected_input),
            health.error_rate,
        )

    return rank(
        deployments,
        asked,
        figures_of,
        weights=_weights_of(call, route),
        rule=rule,
        tighten_only=route.tighten_only,
    )


def rule_of(call: Call, route: RouteEntry, snapshot: Snapshot) -> RuleEntry | None:
    """The rule that decides; rules are for routes that choose by score."""
    if route.strategy != "score" or not snapshot.routing_rules:
        return None
    return first_that_holds(
        snapshot.routing_rules, route=route.name, feature=call.request.feature, wishes=call.request.wishes
    )


def may_by_rule(deployment: DeploymentEntry, rule: RuleEntry) -> bool:
    return (rule.choose != BEDROCK or deployment.is_in_aws) and (
        not rule.regions or is_within(deployment, (rule.regions,))
    )


def scopes_of(call: Call) -> tuple[str, ...]:
    """Of which qualities a call's are looked for, the nearest first."""
    found = [f"prompt:{call.prompt.prompt.id}"] if call.has_prompt else []
    if call.request.feature:
        found.append(f"feature:{call.request.feature}")
    return (*found, "")


def quality_of(
    qualities: Mapping[tuple[str, str], float], model_id: str, scopes: tuple[str, ...]
) -> float | None:
    """From 0 to 1, of a model at a use; None where nothing is known."""
    for scope in scopes:
        if (found := qualities.get((model_id, scope))) is not None:
            return found
    return None


def stands_against(call: Call, deployment: DeploymentEntry, live: Live) -> str:
    """What of the caller's wishes a deployment does not fulfil, in words; "" where it fulfils all that must be."""
    wishes: Wishes = call.request.wishes or NOTHING
    if wishes.compliance and not deployment.is_in_aws:
        return "it is outside of AWS (compliance)"
    if wishes.region and not is_within(deployment, ((wishes.region,),)):
        return f"it does not answer in {wishes.region} alone (region)"
    if wishes.latency is not None:
        seconds = live.of(deployment.id).pace.expected(max(1, call.body_bytes // 4))
        if seconds is not None and seconds * 1000 > wishes.latency:
            return f"it lately begins to answer after {seconds * 1000:.0f} ms (latency)"
    return ""


def _weights_of(call: Call, route: RouteEntry) -> Weights:
    document = document_of(call) if call.request.prompt is not None else None
    if document is not None and document.weights is not None:
        given = document.weights
        return Weights(cost=given.cost, quality=given.quality, latency=given.latency)
    return route.weights or DEFAULT_WEIGHTS
