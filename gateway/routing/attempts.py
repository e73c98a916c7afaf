"""The tries of one round of a call: which deployment is asked next, when, and when to stop."""

from __future__ import annotations

import asyncio
from math import ceil, inf
from random import Random

from gateway.call import Call
from gateway.call.decision import Decision
from gateway.refusals import Refusal
from gateway.routing.fleet.breaker import Reason, State
from gateway.routing.fleet.budgets import ATTEMPTS, backoff_seconds
from gateway.routing.fleet.fleet import Fleet
from gateway.routing.fleet.health import Sent
from gateway.routing.fleet.room import Room, Taken
from gateway.routing.order import Candidate, put_in_order, rank
from gateway.snapshot.accounts import BEDROCK
from gateway.snapshot.state import DeploymentEntry
from governance.limits.services.rate_limiter import RateLimiter
from kernel.clock import elapsed_ms, perf_counter

_HOPE_SECONDS = 5.0
"""While a route's last answer is no older, a throttled call goes on waiting for its turn to be tried again."""
_OUT_SECONDS = 2.0
"""For how long a call waits until one of its deployments may be tried, where all are out."""
_MIN_WAIT, _MAX_WAIT = 0.02, 0.25
"""Seconds between two looks for room, of the head of a line."""


class Attempts:
    """Of one round. `next` says whom to ask; then `answered`, `failed` and `ended` are told what came of it.

    Another deployment is asked before the same one again. Faults and time-outs are tried so many times in all, and within
    each deployment's retry budget; a throttled call for as long as the route's answers pay for that. All of it ends with the
    route's deadline.
    """

    def __init__(
        self, call: Call, fleet: Fleet, limiter: RateLimiter, *, random: Random, patience: float
    ) -> None:
        self._call, self._fleet, self._random = call, fleet, random
        self._room = Room(limiter, fleet.fair, call.routed.own)
        self._route = call.routed.route
        self._line, self._budget = fleet.line(self._route.name), fleet.budget(self._route.name)
        stand_ins = call.routed.stand_ins
        self._candidates = [
            Candidate(each, fleet.of(each.id), stand_ins[each.id].place if each.id in stand_ins else 0)
            for each in call.routed.deployments
        ]
        self._most = self._route.attempts or max(ATTEMPTS, len(self._candidates))
        self._ends_at = perf_counter() + self._route.timeout_seconds
        self._patience = patience
        self._faults = self._throttles = 0
        self._owes = False
        """Whether the next try is one of a throttled call, which the route's budget has yet to pay for."""
        self._hopeful: Refusal | None = None
        self._last: Refusal | None = None
        self._current: tuple[Candidate, Sent, Taken] | None = None
        self._again: Candidate | None = None
        self._over_share_until = 0.0
        """Its team has had its share of what is scarce until then."""
        self._waits_until = inf
        self._all_well = all(each.health.breaker.is_closed for each in self._candidates)
        """As they were when the round began."""
        if len(self._candidates) > 1:
            put_in_order(call, self._candidates, random=random, all_well=self._all_well)

    @property
    def seconds_left(self) -> float:
        """Until the route's deadline."""
        return max(0.001, self._ends_at - perf_counter())

    async def next(self) -> DeploymentEntry:
        """The deployment to ask now. Raises the refusal that the call ends with where there is none."""
        found = await self._take_at_once()
        if found is None:
            found = await self._wait()
        return found.deployment

    def sends(self, *, is_streamed: bool) -> None:
        """How it is asked: an answer that comes whole has no first token."""
        if self._current is not None:
            self._current[1].is_whole = not is_streamed

    def answered(self, rests: float | None = None) -> None:
        """Its first event came. `rests`: for how many seconds nothing is left of its quotas, where its provider says so."""
        if self._current is not None and not self._current[1].has_answered:
            candidate, sent, _ = self._current
            self._fleet.answered(candidate.health, sent)
            self._budget.answered(perf_counter())
            if rests is not None:
                candidate.health.rest(perf_counter(), rests)

    def ended(self) -> None:
        """It says no more, however that came about."""
        if self._current is None:
            return
        (candidate, sent, taken), self._current = self._current, None
        candidate.health.ends(sent)
        self._room.end(candidate.deployment, taken, self._call.reply)
        self._line.free()

    def again(self) -> None:
        """The same deployment is asked once more at once, in another way: the fault was not its."""
        assert self._current is not None
        self._again = self._current[0]
        self.ended()

    def skip(self) -> None:
        """It can't take what another one could."""
        assert self._current is not None
        self._candidates.remove(self._current[0])
        self.ended()

    def broke(self, refusal: Refusal) -> None:
        """It failed after its first event: nobody else can go on with what it began."""
        if self._current is not None:
            self._fleet.failed(self._current[0].health, refusal)

    def failed(self, refusal: Refusal) -> None:
        """It did not answer. Raises the refusal that the call ends with where that is final."""
        assert self._current is not None
        candidate = self._current[0]
        self._fleet.failed(candidate.health, refusal)
        self._last = refusal
        self._decision.note(f"{candidate.where}: {refusal.code}")
        self.ended()
        if not refusal.may_ask_another:
            raise refusal
        if refusal.may_retry:
            self._hopeful = refusal
        if refusal.for_admins or not refusal.may_retry:
            self._candidates.remove(candidate)
        elif refusal.code == "upstream_throttled":
            self._throttled(candidate, refusal)
        else:
            self._faults += 1
            self._delay(
                candidate,
                backoff_seconds(candidate.tries - 1, is_throttled=False, random=self._random),
                refusal,
            )
            candidate.has_failed = True
            if self._faults >= self._most:
                self._candidates = [each for each in self._candidates if self._is_left(each)]
        if not self._candidates:
            raise self._final()

    @property
    def _decision(self) -> Decision:
        return self._call.decision

    def _is_left(self, candidate: Candidate) -> bool:
        """Whether it may be asked although the attempts are used up: those that are throttled alone may yet answer. Where the
        route says how many there are, they are of its own deployments: each of the others is asked once."""
        if self._route.attempts is None:
            return not candidate.has_failed
        return candidate.tier > 0 and not candidate.tries

    def _throttled(self, candidate: Candidate, refusal: Refusal) -> None:
        self._throttles += 1
        if self._route.attempts == 1:
            self._candidates = [each for each in self._candidates if self._is_left(each)]
            return
        if self._throttles >= self._most and perf_counter() - self._budget.answered_at > _HOPE_SECONDS:
            raise self._final()  # no answers come: nothing says that there will be room
        wait = backoff_seconds(candidate.tries - 1, is_throttled=True, random=self._random)
        self._delay(candidate, wait, refusal)
        self._owes = True

    def _delay(self, candidate: Candidate, seconds: float, refusal: Refusal) -> None:
        """It is not asked again before that, nor before the provider says."""
        candidate.not_before = perf_counter() + max(seconds, refusal.wait_seconds or 0.0)

    async def _take_at_once(self) -> Candidate | None:
        """Where nobody waits, and nothing is to be waited for."""
        if self._again is not None:
            candidate, self._again = self._again, None
            self._start(candidate, Taken())
            return candidate
        if not self._line.is_empty or (self._owes and not self._pays(perf_counter())):
            return None
        return await self._take()

    async def _take(self) -> Candidate | None:
        """The first that is well and has room; it is taken. Those that are only slow come last."""
        now = perf_counter()
        ready = self._candidates
        if self._last is not None or not self._all_well:
            ready = sorted((each for each in ready if each.not_before <= now), key=rank)
        for candidate in ready:
            if self._faults and not candidate.health.retries.take():
                self._decision.note(f"{candidate.where} is sent no more retries for now")
                self._candidates.remove(candidate)
                continue
            taken = None
            try:
                taken = await self._let_in(candidate, now)
            finally:
                if taken is None and self._faults:
                    candidate.health.retries.give_back()
            if taken is not None:
                self._start(candidate, taken)
                return candidate
        if not self._candidates:  # nothing that is waited for would pay for a retry
            raise self._final()
        return None

    async def _let_in(self, candidate: Candidate, now: float) -> Taken | None:
        """What a call is let through with to a deployment that is well and has room."""
        if not await self._is_well(candidate, now):
            return None
        taken = await self._room.take(self._call, candidate.deployment, candidate.health)
        if taken is None:
            self._decision.note(f"{candidate.where} has no room")
        return taken

    async def _is_well(self, candidate: Candidate, now: float) -> bool:
        """Whether it may be asked: not while its breaker is open, but by who tries it. A slow one is better than none."""
        state = candidate.health.state(now)
        if state is State.CLOSED:
            return True
        if state is State.HALF_OPEN and await self._fleet.may_probe(candidate.health):
            self._decision.note(f"{candidate.where} is tried again")
            return True
        if candidate.health.breaker.reason is Reason.SLOW:
            return True
        self._decision.note(f"{candidate.where} is out")
        return False

    def _start(self, candidate: Candidate, taken: Taken) -> None:
        candidate.tries += 1
        account = candidate.deployment.account
        self._decision.provider = BEDROCK if account is None else account.provider
        sent = candidate.health.begins(
            perf_counter(),
            tokens=self._call.bounds.counted_input_tokens,
            was_retry=self._faults > 0,
        )
        self._current = candidate, sent, taken

    def _pays(self, now: float) -> bool:
        """Whether the route's answers pay for a throttled call's next try; who may not hope for that is refused."""
        if not self._owes:
            return True
        if self._budget.take():
            self._owes = False
            return True
        if now - self._budget.answered_at > _HOPE_SECONDS:
            raise self._final()
        return False

    async def _wait(self) -> Candidate:
        """Waits until one may be asked, has room, and it is the call's turn."""
        begun = perf_counter()
        self._waits_until = min(self._ends_at, begun + self._patience)
        outcome = "refused"
        try:
            while True:
                await self._sleep_off()
                found = await self._stand_in_line()
                if found is not None:
                    outcome = "ok"
                    return found
        finally:
            self._call.stages.append(("wait for a model", elapsed_ms(begun), outcome))

    async def _sleep_off(self) -> None:
        """Waits for what this call alone waits for: its back-off, and the price of its next try. Outside of the line, which it
        would hold up."""
        while True:
            now = perf_counter()
            wait = min((each.not_before for each in self._candidates), default=now) - now
            if wait > 0:
                self._check_wait(wait)
                await asyncio.sleep(wait)
            elif (wait := self._over_share_until - now) > 0:
                if now + wait > self._waits_until:
                    raise self._full(self._room.ready_in)
                await asyncio.sleep(wait)
            elif self._pays(now):
                return
            else:
                self._check_wait(_MAX_WAIT)
                await asyncio.sleep(self._random.uniform(_MIN_WAIT, _MAX_WAIT))

    async def _stand_in_line(self) -> Candidate | None:
        """One that was taken; None where all there are must be waited for by this call alone."""
        line = self._line
        if self._out_for() > _OUT_SECONDS:
            raise self._out()
        team = self._call.key.team
        if (expected := line.expected_wait(team.id)) > self._patience:
            raise self._full(expected)
        ends_at = self._waits_until
        async with line.turn(
            team=team.id, weight=team.weight, seconds=max(0.0, ends_at - perf_counter())
        ) as is_head:
            if not is_head:
                raise self._full(max(self._patience, line.expected_wait(team.id)))
            while True:
                found = await self._take()
                if found is not None:
                    return found
                now = perf_counter()
                if min(each.not_before for each in self._candidates) > now:
                    return None
                if self._room.is_own:  # others need not wait for that
                    self._over_share_until = now + min(max(self._room.ready_in, _MIN_WAIT), _MAX_WAIT)
                    return None
                if (out_for := self._out_for()) > min(_OUT_SECONDS, ends_at - now):
                    raise self._out()
                if now >= ends_at or self._rests_for(now) > ends_at - now:
                    raise self._full(max(self._room.ready_in, self._rests_for(now)))
                await line.room(min(max(self._room.ready_in, out_for, _MIN_WAIT), _MAX_WAIT, ends_at - now))

    def _out_for(self) -> float:
        """Seconds until the first of them may be tried; 0 where one may be now."""
        now = perf_counter()
        waits = [
            0.0 if each.health.breaker.reason is Reason.SLOW else each.health.breaker.ready_in(now)
            for each in self._candidates
        ]
        return min(waits, default=inf)

    def _rests_for(self, now: float) -> float:
        """Seconds for which nothing is left of the quotas of all of them, as their providers say."""
        return max(0.0, min((each.health.rests_until for each in self._candidates), default=now) - now)

    def _check_wait(self, seconds: float) -> None:
        """Nobody waits for what comes only after the deadline."""
        if seconds >= self._ends_at - perf_counter():
            raise self._final(seconds)

    def _final(self, seconds: float = 0.0) -> Refusal:
        """Of several failures, the one is told that time may mend."""
        failed = self._last
        if self._hopeful is not None and (failed is None or not failed.may_retry):
            failed = self._hopeful
        if failed is None:
            return self._full(seconds)
        if failed.may_retry:
            failed.retry_after = max(failed.retry_after or 1, ceil(seconds))
        return failed

    def _out(self) -> Refusal:
        """All are known to be out. What this call met itself is told, where it has asked."""
        seconds = self._out_for()
        if self._last is not None:
            return self._final(seconds)
        places = ", ".join(dict.fromkeys(each.deployment.region for each in self._candidates))
        return Refusal(
            "upstream_throttled",
            f"The model '{self._route.name}' is known to be out ({places}), so it was not asked. Please try again in "
            f"{max(1, ceil(seconds))} s.",
            retry_after=max(1, ceil(seconds)),
            was_asked=False,
        )

    def _full(self, seconds: float) -> Refusal:
        if self._last is not None:
            return self._final(seconds)
        after = max(1, ceil(seconds))
        return Refusal(
            "upstream_throttled",
            f"The model '{self._route.name}' has no room for more calls at the moment, so it was not asked. Please try "
            f"again in {after} s.",
            retry_after=after,
            was_asked=False,
        )
