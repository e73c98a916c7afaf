"""Whether a deployment has room for a call: of what it is sent at once, of what it takes in a minute, of what was learnt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.call import Call
from gateway.call.groups import Reply
from gateway.routing.fleet.fair import FairShares
from gateway.routing.fleet.health import Health
from gateway.routing.fleet.quotas import Takes, is_of_team, note_demand, used_of
from gateway.snapshot.state import DeploymentEntry
from governance.limits.policy.rate_limits import RateRequest
from governance.limits.services.rate_limiter import RateLimiter, Ticket
from kernel.clock import perf_counter

_UNKNOWN_SECONDS = 1.0
"""When a call under way ends nobody knows."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call was let through with, where its deployment has quotas."""

    takes: Takes | None = None
    ticket: Ticket | None = None


class Room:
    """As one call looks for it. `ready_in` is in how many seconds there may be some, by the last looks; `is_own` whether what
    stood in the way was its team's own share of a quota."""

    def __init__(
        self, limiter: RateLimiter, fair: FairShares, deployments: Iterable[DeploymentEntry]
    ) -> None:
        self._limiter, self._fair = limiter, fair
        self._pools = list({each.quotas.pool: each.quotas for each in deployments if each.quotas}.values())
        self._number = 0
        self.ready_in = 0.0
        self.is_own = False

    async def take(self, call: Call, deployment: DeploymentEntry, health: Health) -> Taken | None:
        """Takes room for the call, all or nothing."""
        self.is_own = False
        if not health.in_flight.has_room:
            self.ready_in = _UNKNOWN_SECONDS
            return None
        now = perf_counter()
        wait = max(0.0, health.rests_until - now) or health.learnt.take(now)
        if wait:
            self.ready_in = wait
            return None
        quotas = deployment.quotas
        if quotas is None:
            return Taken()
        self._number += 1
        team = call.key.team
        if self._number == 1:
            note_demand(
                self._pools,
                self._fair,
                input_tokens=call.bounds.counted_input_tokens,
                output_tokens=call.bounds.max_tokens,
                team=team.id,
                weight=team.weight,
                now=now,
            )
        takes = health.scarce.takes(
            quotas,
            input_tokens=call.bounds.counted_input_tokens,
            output_tokens=call.bounds.max_tokens,
            team=team.id,
            weight=team.weight,
            fair=self._fair,
            now=now,
        )
        if not takes.takes:
            return Taken()
        request = RateRequest(f"{call.id}:{self._number}", takes.takes)
        health.in_flight.calls += 1  # its place, while it is asked for the rest
        try:
            decision = await self._limiter.admit(request)
        finally:
            health.in_flight.calls -= 1
        health.scarce.learn(takes, decision)
        if decision.short is not None:
            health.learnt.give_back()
            self.ready_in = (decision.retry_ms or 0) / 1000
            self.is_own = is_of_team(decision.short)
            return None
        return Taken(takes, Ticket(request, decision))

    def end(self, deployment: DeploymentEntry, taken: Taken, reply: Reply) -> None:
        """A call has ended: what it did not use of the quotas is given back. Where nothing is known of that, nothing is."""
        if taken.ticket is None or taken.takes is None or deployment.quotas is None or not reply.has_usage:
            return
        self._limiter.settle(taken.ticket, used_of(taken.takes, deployment.quotas, reply.usage))
