"""Where calls wait: for a slot of this process, and for room in a rate limit. Fair between teams by weight."""

import asyncio
from dataclasses import dataclass, field

from governance.limits.policy.fair_queue import FairQueue
from governance.limits.policy.rate_limits import RateDecision, RateRequest
from governance.limits.services.rate_limiter import RateLimiter, Ticket
from kernel.faults import is_away
from kernel.upkeep import Upkeep

_POLL_SECONDS = 0.25
"""How often the head of a line asks again: what others give back comes without a word."""
_POLL_RUNNING_SECONDS = 0.03


class Slots:
    """How many calls this process works on at once; the rest wait for their turn."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._free = capacity
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def taken(self) -> int:
        return self._capacity - self._free

    def ahead(self, team: int) -> int:
        """How many would have their turn before the next one of a team."""
        return self._queue.ahead(team)

    def try_acquire(self) -> bool:
        """Takes a slot, if one is free."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def acquire(self, *, team: int, weight: int, seconds: float) -> bool:
        """Waits for a slot. False when none came free in time."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(turn, team=team, weight=weight)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(turn)
        except TimeoutError:
            return turn.done()
        except asyncio.CancelledError:
            if turn.done():
                self.release()
            raise
        finally:
            self._queue.remove(turn)
        return True

    def release(self) -> None:
        """Gives a slot back: to whose turn it is."""
        if self._queue:
            self._queue.pop().set_result(None)
        else:
            self._free += 1


@dataclass(eq=False, slots=True)
class _Waiter:
    request: RateRequest
    team: int
    weight: int
    answer: asyncio.Future[RateDecision]
    last: RateDecision | None = None


@dataclass(eq=False, slots=True)
class _Line:
    """Calls that wait for room in one counter."""

    key: str
    queue: FairQueue[_Waiter] = field(default_factory=FairQueue)


class RateLines:
    """Rate limits with waiting: one line a counter that is full, whose head asks until there is room."""

    def __init__(self, limiter: RateLimiter, upkeep: Upkeep) -> None:
        self._limiter = limiter
        self._upkeep = upkeep
        self._lines: dict[str, _Line] = {}

    @property
    def waiting(self) -> int:
        return sum(len(line.queue) for line in self._lines.values())

    async def admit(self, request: RateRequest, *, team: int, weight: int, seconds: float) -> RateDecision:
        """Lets a call through, at once or within so many seconds. Nobody passes those who wait already."""
        line = next((self._lines[c.key] for c, _ in request.takes if c.key in self._lines), None)
        if line is None:
            decision = await self._limiter.admit(request)
            if decision.short is None or decision.retry_ms is None or seconds <= 0:
                return decision
            line = self._line(decision.short.key)
        elif seconds <= 0:
            return _behind(request, line.key)
        return await self._wait(request, line, team=team, weight=weight, seconds=seconds)

    async def _wait(
        self, request: RateRequest, line: _Line, *, team: int, weight: int, seconds: float
    ) -> RateDecision:
        waiter = _Waiter(request, team, weight, asyncio.get_running_loop().create_future())
        line.queue.push(waiter, team=team, weight=weight)
        try:
            async with asyncio.timeout(seconds):
                return await waiter.answer
        except TimeoutError:
            return waiter.last or _behind(request, line.key)

    def _line(self, key: str) -> _Line:
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(key)
            self._upkeep.until_done(
                "seeing to calls that wait for a rate limit", lambda: self._serve(line), retry=_POLL_SECONDS
            )
        return line

    async def _serve(self, line: _Line) -> None:
        while line.queue:
            waiter = line.queue.peek()
            if waiter.answer.done():
                line.queue.remove(waiter)
                continue
            try:
                await self._ask(line, waiter)
            except Exception as error:
                if not is_away(error):  # it is this call's own: those behind it need not wait for that
                    line.queue.remove(waiter)
                    if not waiter.answer.done():
                        waiter.answer.set_exception(error)
                raise
        self._lines.pop(line.key, None)

    async def _ask(self, line: _Line, waiter: _Waiter) -> None:
        decision = await self._limiter.admit(waiter.request)
        if decision.short is None:
            line.queue.take(waiter)
            if waiter.answer.done():  # it has left meanwhile
                self._limiter.settle(
                    Ticket(waiter.request, decision), {c: 0 for c, _ in waiter.request.takes}
                )
            else:
                waiter.answer.set_result(decision)
        elif (
            decision.short.key != line.key
        ):  # it is another limit that is full: the others need not wait for that
            waiter.last = decision
            line.queue.remove(waiter)
            self._line(decision.short.key).queue.push(waiter, team=waiter.team, weight=waiter.weight)
        else:
            waiter.last = decision
            longest = _POLL_SECONDS if decision.short.period_ms else _POLL_RUNNING_SECONDS
            await asyncio.sleep(min((decision.retry_ms or 0) / 1000, longest))


def _behind(request: RateRequest, key: str) -> RateDecision:
    """The answer to who would have to wait behind others, and may not, or not any longer."""
    counter = next(counter for counter, _ in request.takes if counter.key == key)
    return RateDecision(0, tuple(counter.limit for counter, _ in request.takes), counter, 1000)
