"""What a process does all the time beside its requests, kept going: a heartbeat, a listener, what is written now and then.

None of it ends by an exception, whatever its class: a failure is logged with its cause, counted, and tried again. Only who
stops the process ends it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from kernel.clock import perf_counter
from kernel.deadlines import within
from kernel.faults import Fault, fault_of

logger = logging.getLogger(__name__)

_MIN_PAUSE, _MAX_PAUSE = 0.25, 15.0
"""Seconds before it is tried again; twice as many after each failure."""
_TOLD_EVERY = 30.0
"""Seconds between two lines in the log of the same failure."""
_ROUNDS_MISSED = 3
_NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Kept:
    """One thing that is kept going."""

    name: str
    late_after: float
    """Seconds without a round after which it is said to be late."""
    rounds: int = 0
    failures: int = 0
    error: str = ""
    """The class of what failed last; empty since the last round."""
    seen_at: float = field(default_factory=perf_counter)
    _told: tuple[str, float] = ("", 0.0)

    def went_round(self) -> None:
        """It did what it is there for."""
        self.rounds += 1
        self.error, self.seen_at = "", perf_counter()
        self._told = ("", 0.0)

    def failed(self, error: BaseException) -> None:
        """It did not; the same failure is not logged again and again."""
        self.failures += 1
        self.error = type(error).__name__
        told, at = self._told
        if told == self.error and perf_counter() - at < _TOLD_EVERY:
            return
        self._told = (self.error, perf_counter())
        if fault_of(error) is Fault.BUG:
            logger.error("%s failed, trying again", self.name, exc_info=error)
        else:
            logger.warning("%s failed (%s: %s), trying again", self.name, self.error, str(error)[:200])

    @property
    def age(self) -> float:
        """Seconds since its last round."""
        return perf_counter() - self.seen_at

    @property
    def is_late(self) -> bool:
        return self.age > self.late_after


class Upkeep:
    """All of it, of one process; built in its event loop."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._numbers = count()

    def every(
        self,
        seconds: float,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        deadline: float,
        retry: float | None = None,
    ) -> Kept:
        """Does some work again and again, with a pause of so many seconds; one round has a deadline in seconds. `retry` is
        the longest pause behind a failure, where that is less."""
        is_first = True

        async def rounds(kept: Kept) -> None:
            nonlocal is_first
            while True:
                if is_first or not kept.error:
                    await asyncio.sleep(seconds)
                is_first = False
                await within(deadline, _awaited(work))
                kept.went_round()

        return self._keep(
            name,
            rounds,
            _ROUNDS_MISSED * (seconds + min(deadline, seconds)),
            most=seconds if retry is None else retry,
        )

    def endless(
        self, name: str, work: Callable[[Kept], Awaitable[None]], *, late_after: float, retry: float
    ) -> Kept:
        """Keeps going what has no end of its own; it says itself when it went round. `retry` is the longest pause in seconds
        behind a failure."""
        return self._keep(name, work, late_after, most=retry)

    def until_done(self, name: str, work: Callable[[], Awaitable[None]], *, retry: float) -> None:
        """Keeps going what comes and goes, until it returns: what waits has somebody who sees to it, whatever that meets. Several
        may go by one name. `retry` as in `endless`."""
        kept = self.kept.setdefault(name, Kept(name, _NEVER))

        async def rounds(kept: Kept) -> bool:
            await work()
            return True

        self._begin(kept, rounds, retry, key=f"{name} {next(self._numbers)}")

    def late(self) -> dict[str, float]:
        """What has not gone round in its time, and for how many seconds."""
        return {name: kept.age for name, kept in self.kept.items() if kept.is_late}

    async def stop(self, *names: str) -> None:
        """Ends what is named, or all of it."""
        tasks = [task for name in names or tuple(self._tasks) if (task := self._tasks.pop(name, None))]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_MAX_PAUSE)

    def _keep(
        self, name: str, work: Callable[[Kept], Awaitable[None]], late_after: float, *, most: float
    ) -> Kept:
        kept = self.kept[name] = Kept(name, late_after)
        self._begin(kept, work, most, key=name)
        return kept

    def _begin(
        self, kept: Kept, work: Callable[[Kept], Awaitable[bool | None]], most: float, *, key: str
    ) -> None:
        task = self._tasks[key] = asyncio.create_task(_for_ever(kept, work, most), name=kept.name)

        def ended(task: asyncio.Task[bool]) -> None:
            if self._tasks.get(key) is not task or task.cancelled():
                return
            if task.exception() is None and task.result():
                del self._tasks[key]
            else:
                self._begin(kept, work, most, key=key)

        task.add_done_callback(ended)


async def _for_ever(kept: Kept, work: Callable[[Kept], Awaitable[bool | None]], most: float) -> bool:
    """True once it is done, which most of it never is."""
    pause = _MIN_PAUSE
    while True:
        rounds = kept.rounds
        try:
            if await work(kept):
                kept.went_round()
                return True
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            kept.failed(error)
        if kept.rounds != rounds:
            pause = _MIN_PAUSE
        await asyncio.sleep(pause)
        pause = min(2 * pause, most, _MAX_PAUSE)


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def keep_thread(name: str, work: Callable[[], None], *, retry: float) -> threading.Thread:
    """A daemon thread that does some work until that returns; begun. What it raises is logged, and the work begun again, after a
    growing pause of `retry` seconds at most."""

    def run() -> None:
        kept, pause = Kept(name, _NEVER), _MIN_PAUSE
        while True:
            begun = perf_counter()
            try:
                work()
                return
            except BaseException as error:
                kept.failed(error)
            pause = _MIN_PAUSE if perf_counter() - begun > _MAX_PAUSE else min(2 * pause, retry)
            time.sleep(pause)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
