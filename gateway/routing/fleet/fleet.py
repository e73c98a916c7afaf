"""All deployments as this process knows them: from its own calls, and from what other processes tell."""

from __future__ import annotations

from collections.abc import Callable

from gateway.refusals import Refusal
from gateway.routing.fleet.board import Board, Told
from gateway.routing.fleet.breaker import Change, Limits, Reason, State
from gateway.routing.fleet.budgets import ThrottleBudget
from gateway.routing.fleet.fair import FairShares
from gateway.routing.fleet.health import Health, Sent, is_fault
from gateway.routing.fleet.lines import Line
from gateway.routing.scoring.lengths import Lengths
from gateway.routing.scoring.scored import Rankings
from kernel.clock import perf_counter
from kernel.upkeep import Upkeep

_LOOKING = "looking at deployments"
_LOOK_SECONDS, _DEADLINE_SECONDS = 1.0, 3.0
_TOLD_ONCE_SECONDS = 2.0
_FAILED = -1.0

Listener = Callable[[int, str, str], None]


class Fleet:
    """Of one process. `on_change` hears of each change of a breaker, in one of all processes."""

    def __init__(self, url: str, *, instance_id: str, limits: Limits, on_change: Listener) -> None:
        self._limits = limits
        self._known: dict[int, Health] = {}
        self._budgets: dict[str, ThrottleBudget] = {}
        self._lines: dict[str, Line] = {}
        self.fair = FairShares()
        self.lengths, self.rankings = Lengths(), Rankings()
        self._on_change = on_change
        self._board = Board(url, sender=instance_id, hear=self._hear)
        self._upkeep: Upkeep | None = None

    def start(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._board.start(upkeep)
        upkeep.every(_LOOK_SECONDS, _LOOKING, self._look, deadline=_DEADLINE_SECONDS)

    async def stop(self) -> None:
        if self._upkeep is not None:
            await self._upkeep.stop(_LOOKING)
        await self._board.stop()

    def of(self, deployment_id: int) -> Health:
        health = self._known.get(deployment_id)
        if health is None:
            health = self._known[deployment_id] = Health(deployment_id, self._limits)
        return health

    def known(self) -> dict[int, Health]:
        """Those that have been asked, or told of."""
        return self._known

    def budget(self, route: str) -> ThrottleBudget:
        """For retries of throttled calls of a route."""
        budget = self._budgets.get(route)
        if budget is None:
            budget = self._budgets[route] = ThrottleBudget()
        return budget

    def line(self, route: str) -> Line:
        """Where calls of a route wait for room at its deployments."""
        line = self._lines.get(route)
        if line is None:
            line = self._lines[route] = Line()
        return line

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    async def may_probe(self, health: Health) -> bool:
        """Whether a call may try a deployment whose breaker's time is over: one of all processes' at a time."""
        now = perf_counter()
        if health.state(now) is not State.HALF_OPEN:
            return False
        health.breaker.probe(now)  # at once: others of this process come while Valkey is asked
        return await self._board.lease(f"probe:{health.deployment_id}", health.breaker.probe_seconds)

    def answered(self, health: Health, sent: Sent) -> None:
        """The first token of a call came."""
        self._note(health, health.answers(sent, perf_counter()))

    def failed(self, health: Health, refusal: Refusal) -> None:
        """A call failed at a deployment."""
        was_open = not health.breaker.is_closed
        change = health.fails(refusal, perf_counter())
        self._note(health, change)
        if change is None and is_fault(refusal):
            left = health.breaker.ready_in(perf_counter())
            self._board.tell(
                health.deployment_id, health.breaker.reason, left if was_open and left else _FAILED
            )

    def _note(self, health: Health, change: Change | None) -> None:
        if change is None:
            return
        breaker = health.breaker
        seconds = breaker.ready_in(perf_counter()) if change is Change.OPENED else 0.0
        self._board.tell(health.deployment_id, breaker.reason, seconds)
        if self._upkeep is not None:
            self._upkeep.until_done(
                "telling of a deployment's change",
                lambda: self._announce(health.deployment_id, change, breaker.reason),
                retry=_LOOK_SECONDS,
            )

    async def _announce(self, deployment_id: int, change: Change, reason: Reason) -> None:
        if await self._board.lease(f"told:{deployment_id}:{change}", _TOLD_ONCE_SECONDS):
            self._on_change(deployment_id, change.value, reason.value)

    def _hear(self, told: Told) -> None:
        """Another process has seen a call fail, or a breaker open or close."""
        health, now = self.of(told.deployment_id), perf_counter()
        reason = Reason.SLOW if told.reason == Reason.SLOW else Reason.FAILING
        if told.seconds > 0:
            health.breaker.open(now, reason, told.seconds)
        elif told.seconds == 0:
            if not health.breaker.is_closed:
                health.breaker.close()
                health.share.returned(now)
        else:
            self._note(health, health.breaker.failed(now, reason))

    async def _look(self) -> None:
        """Notices what has become slow, and what was not heard of."""
        now = perf_counter()
        for health in self._known.values():
            for change in health.notice_slow(now):
                self._note(health, change)
        looked = await self._board.look(self.fair.said(now))
        if looked is None:
            return
        self.fair.heard(looked.demands)
        for told in looked.breakers:
            if told.seconds > 0 and self.of(told.deployment_id).breaker.is_closed:
                self._hear(told)
