"""Whom a round of a call asks first."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gateway.call import Call
from gateway.routing.affinity import home_order, key_of
from gateway.routing.fleet.breaker import Reason, State
from gateway.routing.fleet.health import Health
from gateway.snapshot.state import DeploymentEntry
from kernel.clock import perf_counter

_MAX_LEAD, _MIN_LEAD = 2.0, 8.0
"""How much more than the others a prompt's home may have to do: so many times as much, and so many calls."""


@dataclass(slots=True, eq=False)
class Candidate:
    """A deployment that a round may ask."""

    deployment: DeploymentEntry
    health: Health
    tier: int = 0
    """0 for the route's own; the place in the chain of fall-backs for others."""
    tries: int = 0
    has_failed: bool = False
    not_before: float = 0.0

    @property
    def where(self) -> str:
        """As decisions name it."""
        return f"{self.deployment.model_id} in {self.deployment.region}"


def rank(candidate: Candidate) -> tuple[int, bool, int]:
    """Sorts those that have had their try: the route's own first, those that are only slow last, and who was asked less."""
    breaker = candidate.health.breaker
    return candidate.tier, not breaker.is_closed and breaker.reason is Reason.SLOW, candidate.tries


def put_in_order(call: Call, candidates: list[Candidate], *, random: Random, all_well: bool) -> None:
    """Of several: as the route's strategy has it, and as they are at the moment."""
    if call.routed.route.strategy == "spread":
        own = [each for each in candidates if not each.tier]
        if _spread(call, own, random):
            call.decision.reason = f"home of the prompt's beginning among {len(own)}"
        candidates[: len(own)] = own
    elif (ranking := call.routed.ranking) is not None and ranking.alike > 1:
        ids = {each.id for each in ranking.deployments[: ranking.alike]}
        alike = [each for each in candidates if each.deployment.id in ids]
        _spread(call, alike, random)
        candidates[: len(alike)] = alike
    _by_share(call, candidates, random)
    if not all_well:
        _to_be_tried(candidates)


def _spread(call: Call, own: list[Candidate], random: Random) -> bool:
    """The first of them: where the prompt's beginning is cached, unless there is much more to do there than elsewhere; else
    where there is most room. Whether the prompt has a beginning to go by."""
    key = key_of(call.sent_conversation) if call.request.kind == "text" else None
    if key is None:
        random.shuffle(own)
        own.sort(key=lambda each: each.health.load)
        return False
    own[:] = [own[place] for place in home_order(key, [each.deployment.id for each in own])]
    calls = [each.health.in_flight.calls for each in own]
    if calls[0] > (most := _MAX_LEAD * sum(calls) / len(calls) + _MIN_LEAD):
        own.sort(key=lambda each: each.health.in_flight.calls > most)
    return True


def _by_share(call: Call, candidates: list[Candidate], random: Random) -> None:
    """Who is throttled, or has just come back, is the first choice of fewer calls; always of the same prompts, so that
    none is written to two caches."""
    now = perf_counter()
    shares = [each.health.share.now(now) for each in candidates if not each.tier]
    if len(shares) < 2 or min(shares) >= 1.0:
        return
    key = key_of(call.sent_conversation) if call.request.kind == "text" else None
    drawn = random if key is None else Random(key)  # noqa: S311 - shares load, guards nothing
    chosen = (index for index, share in enumerate(shares) if drawn.random() < share)
    index = next(chosen, None)
    if index is None:
        (index,) = drawn.choices(range(len(shares)), shares)
    if index:
        call.decision.note(f"{candidates[0].where} gets fewer calls for now")
        candidates.insert(0, candidates.pop(index))


def _to_be_tried(candidates: list[Candidate]) -> None:
    """One of the route's own whose breaker's time is over is asked first, once: else nobody would learn that a deployment
    is well again which is asked only when others fail."""
    now = perf_counter()
    for place, candidate in enumerate(candidates):
        if not candidate.tier and candidate.health.state(now) is State.HALF_OPEN:
            candidates.insert(0, candidates.pop(place))
            return
